import { debianTools } from "../support/debian.ts";
import { appendHandover, type HandoverFiles, testImage } from "../support/images.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";
import { needing, runTool } from "../support/tools.ts";
import { startVm, type Vm } from "../support/vm.ts";

const seconds = 1000;
const tools = ["qemu-system-x86_64", "mksquashfs", "mkfs.ext4", ...debianTools];

/** A manifest as far as init looks at it; plasmd verifies the real one. */
const manifest = '{"artifacts":{"kernel":{},"rootfs":{}},"channel":"stable","version":"1"}';

/** A node that was booted with these files. */
async function bootNode(
  directory: TempDirectory,
  name: string,
  files: HandoverFiles,
  append = "",
): Promise<Vm> {
  const image = directory.join("node.img");
  const { kernel } = await testImage(image, { kind: "node" });
  await appendHandover(image, { "manifest.json": manifest, ...files });
  return await startVm({ name, kernel, initramfs: image, append: `quiet ${append}`, memory: 512 });
}

/** A root file system with busybox and what a script adds. */
async function smallRoot(directory: TempDirectory, init: string | undefined): Promise<Uint8Array> {
  const root = directory.join("root");
  await Deno.mkdir(`${root}/bin`, { recursive: true });
  await Deno.mkdir(`${root}/sbin`);
  await Deno.copyFile("/bin/busybox", `${root}/bin/busybox`);
  await Deno.symlink("busybox", `${root}/bin/sh`);
  if (init !== undefined) await Deno.writeTextFile(`${root}/sbin/init`, init, { mode: 0o755 });
  await runTool("mksquashfs", root, directory.join("rootfs"), "-quiet", "-no-progress");
  return await Deno.readFile(directory.join("rootfs"));
}

Deno.test(
  "a root file system takes over: it is writable, has its own init, and /run/phase",
  needing({ tools }, async () => {
    await using directory = await tempDirectory();
    const rootfs = await smallRoot(
      directory,
      `#!/bin/sh
export PATH=/bin
busybox touch /written && echo "init: process $$, root is writable"
echo "init: given $(busybox ls /run/phase/handover | busybox tr '\\n' ' ')"
echo "init: modules $(busybox ls /lib/modules)"
echo "init: $(busybox head -n 1 /run/phase/resolv.conf)"
echo "init: $(busybox cut -d ' ' -f 2 /proc/mounts | busybox grep -cE '^/(proc|sys|dev|run)$') mounts"
while :; do busybox sleep 60; done
`,
    );
    await using vm = await bootNode(directory, "takes over", { rootfs }, "phase.serve=1");
    await vm.waitFor(/phase: this machine was booted by plasmd/, 60 * seconds);
    await vm.waitFor(
      /phase: the system is the rootfs that was handed over; its \/sbin\/init/,
      60 * seconds,
    );
    await vm.waitFor(/init: process 1, root is writable/, 30 * seconds);
    await vm.waitFor(/init: given manifest\.json rootfs/, 5 * seconds);
    await vm.waitFor(/init: modules 6\./, 5 * seconds);
    await vm.waitFor(/init: nameserver 10\.0\.2\.3/, 5 * seconds);
    await vm.waitFor(/init: 4 mounts/, 5 * seconds);
  }),
);

Deno.test(
  "a root file system without an init leaves the initramfs in charge",
  needing({ tools }, async () => {
    await using directory = await tempDirectory();
    const rootfs = await smallRoot(directory, undefined);
    await using vm = await bootNode(directory, "no init", { rootfs }, "phase.serve=1");
    await vm.waitFor(
      /phase: this initramfs stays the system: the rootfs holds no init/,
      90 * seconds,
    );
    // It is asked to serve all the same; busybox stands in plasmd's place here.
    await vm.waitFor(/phase: plasmd serve ended with exit code 127; again in 1 s/, 30 * seconds);
    await vm.type("shell");
    await vm.waitFor(/phase: a shell/, 30 * seconds);
    await vm.type("cut -d ' ' -f 2 /proc/mounts | grep -cE '^/(lower|upper|target)'; echo end");
    await vm.waitFor(/\n0\nend\n/, 30 * seconds);
  }),
);

Deno.test(
  "a root file system that is no squashfs leaves the initramfs in charge",
  needing({ tools }, async () => {
    await using directory = await tempDirectory();
    await using vm = await bootNode(directory, "no squashfs", { rootfs: "not one" });
    await vm.waitFor(
      /phase: this initramfs stays the system: the rootfs is no squashfs/,
      90 * seconds,
    );
    await vm.waitFor(/type "shell" and Enter for a shell/, 10 * seconds);
  }),
);

Deno.test(
  "a broken squashfs leaves the initramfs in charge",
  needing({ tools }, async () => {
    await using directory = await tempDirectory();
    const rootfs = await smallRoot(directory, "#!/bin/sh\n");
    rootfs.fill(0xff, 16);
    await using vm = await bootNode(directory, "broken", { rootfs });
    await vm.waitFor(
      /phase: this initramfs stays the system: the rootfs can't be mounted/,
      90 * seconds,
    );
  }),
);

Deno.test(
  "a node image that nobody booted with plasmd is a client",
  needing({ tools }, async () => {
    await using directory = await tempDirectory();
    const image = directory.join("node.img");
    const { kernel } = await testImage(image, { kind: "node" });
    const append = "quiet phase.once=1";
    await using vm = await startVm({
      name: "alone",
      kernel,
      initramfs: image,
      append,
      memory: 512,
    });
    await vm.waitFor(/phase: no system was started, exit code 127/, 90 * seconds);
  }),
);

Deno.test(
  "the partition of phase.state is mounted before plasmd starts, and keeps what is written",
  needing({ tools }, async () => {
    await using directory = await tempDirectory();
    const disk = directory.join("state.disk");
    await Deno.writeFile(disk, new Uint8Array());
    await Deno.truncate(disk, 16 * 1024 * 1024);
    await runTool("mkfs.ext4", "-q", "-L", "keep", disk);
    const image = directory.join("client.img");
    const { kernel } = await testImage(image);
    const machine = {
      kernel,
      initramfs: image,
      append: "quiet phase.once=1 phase.state=LABEL=keep",
      memory: 512,
      disks: [disk],
    };
    for (const round of ["first", "second"]) {
      await using vm = await startVm({ name: `state ${round}`, ...machine });
      await vm.waitFor(/phase: state is kept on \/dev\/vda \(LABEL=keep\)/, 90 * seconds);
      await vm.waitFor(/phase: a shell/, 60 * seconds);
      const path = "/var/lib/plasm/round";
      await vm.type(`cat ${path}; echo ${round}-round >${path}; sync; echo written`);
      if (round === "second") await vm.waitFor(/\nfirst-round\n/, 30 * seconds);
      await vm.waitFor(/^written$/m, 30 * seconds);
      // The power is cut, as it is.
      await vm.kill();
    }
  }),
);
