import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { bootPairs, chooseQuickStart, quickStartHost } from "../../src/node/quick_start.ts";
import { tempDirectory } from "../support/temp.ts";

async function choose(root: string) {
  return await chooseQuickStart({
    artifacts: `${root}/artifacts`,
    boot: `${root}/boot`,
    release: "6.1.0-2",
    work: `${root}/work`,
    channel: "stable",
    arch: "x86_64",
  });
}

async function withBoot(root: string, mode: number) {
  await fs.mkdir(`${root}/boot`);
  for (const release of ["6.1.0-2", "6.1.0-10"]) {
    await fs.writeFile(`${root}/boot/vmlinuz-${release}`, `kernel ${release}`);
    await fs.writeFile(`${root}/boot/initrd.img-${release}`, `initramfs ${release}`);
    await fs.chmod(`${root}/boot/vmlinuz-${release}`, 0o644);
    await fs.chmod(`${root}/boot/initrd.img-${release}`, mode);
  }
}

Deno.test("./artifacts is served where it is there", async () => {
  await using directory = await tempDirectory();
  await fs.mkdir(directory.join("artifacts"));
  await fs.writeFile(directory.join("artifacts/vmlinuz"), "k");
  const quick = await choose(directory.path);
  assert.equal(quick.kind, "directory");
  assert.equal(quick.directory, directory.join("artifacts"));
  assert.equal(quick.loopbackOnly, false);
});

Deno.test("an ./artifacts without a kernel is an error, not a reason to serve something else", async () => {
  await using directory = await tempDirectory();
  await fs.mkdir(directory.join("artifacts"));
  await assert.rejects(choose(directory.path), { code: "artifacts" });
});

Deno.test("else this machine's running kernel is served, on loopback only", async () => {
  await using directory = await tempDirectory();
  await withBoot(directory.path, 0o644);
  const quick = await choose(directory.path);
  assert.equal(quick.kind, "machine");
  assert.equal(quick.loopbackOnly, true);
  assert.match(quick.sentence, /6\.1\.0-2\).*loopback only/);
  assert.equal(await fs.readFile(`${quick.directory}/vmlinuz`, "utf8"), "kernel 6.1.0-2");
  assert.equal(await fs.readFile(`${quick.directory}/initramfs`, "utf8"), "initramfs 6.1.0-2");
});

Deno.test("a new kernel of the machine replaces the copy", async () => {
  await using directory = await tempDirectory();
  await withBoot(directory.path, 0o644);
  await choose(directory.path);
  await fs.writeFile(directory.join("boot/vmlinuz-6.1.0-2"), "a newer kernel");
  const quick = await choose(directory.path);
  assert.equal(await fs.readFile(`${quick.directory}/vmlinuz`, "utf8"), "a newer kernel");
});

Deno.test("an initramfs that only root may read is never served", async () => {
  await using directory = await tempDirectory();
  await withBoot(directory.path, 0o600);
  assert.equal((await choose(directory.path)).kind, "demo");
});

Deno.test("else a demo image is served that says that it does not boot, always the same", async () => {
  await using directory = await tempDirectory();
  const quick = await choose(directory.path);
  assert.equal(quick.kind, "demo");
  assert.match(quick.sentence, /does not boot/);
  const kernel = await fs.readFile(`${quick.directory}/kernel`, "utf8");
  assert.match(kernel, /^plasmd demo kernel: this is not a real kernel, it does not boot/);
  const before = await fs.stat(`${quick.directory}/kernel`);
  await choose(directory.path);
  assert.equal((await fs.stat(`${quick.directory}/kernel`)).ino, before.ino);
});

Deno.test("kernels are paired with their initramfs, the running one first, then the newest", () => {
  const pairs = bootPairs([
    "vmlinuz-6.1.0-9",
    "initrd.img-6.1.0-9",
    "vmlinuz-6.1.0-10",
    "initramfs-6.1.0-10.img",
    "vmlinuz-5.0",
    "initrd.img-5.0",
    "vmlinuz-without",
    "initrd.img-other",
    "vmlinuz",
  ], "5.0");
  assert.deepEqual(pairs.map(({ release }) => release), ["5.0", "6.1.0-10", "6.1.0-9"]);
  assert.equal(pairs[1]!.initramfs, "initramfs-6.1.0-10.img");
});

Deno.test("this machine's own initramfs never leaves it, whoever names a host", () => {
  const machine = { loopbackOnly: true };
  assert.equal(quickStartHost(machine, "::", false), "127.0.0.1");
  for (const host of ["127.0.0.1", "::1", "localhost"]) {
    assert.equal(quickStartHost(machine, host, true), host);
  }
  for (const host of ["::", "0.0.0.0", "192.0.2.1"]) {
    assert.throws(() => quickStartHost(machine, host, true), {
      code: "usage",
      message: /initramfs/,
    });
    assert.equal(quickStartHost({ loopbackOnly: false }, host, true), host);
  }
});
