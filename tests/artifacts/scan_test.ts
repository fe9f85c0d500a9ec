import assert from "node:assert/strict";
import { join } from "node:path";
import { scanArtifacts } from "../../src/artifacts/scan.ts";
import { fileLimits, formatLimits } from "../../src/lib/limits.ts";
import { writeFiles } from "../support/artifacts.ts";
import { tempDirectory } from "../support/temp.ts";

const target = { channel: "stable", arch: "arm64" } as const;

async function scanned(files: Record<string, string>) {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, files);
  const sets = await scanArtifacts(directory.path, target);
  return sets.map(({ channel, arch, files, manifestFile }) => [
    `${channel}/${arch}`,
    Object.fromEntries([...files].map(([name, file]) => [
      name,
      file.slice(directory.path.length + 1),
    ])),
    manifestFile?.slice(directory.path.length + 1),
  ]);
}

Deno.test("a flat directory is the image of the channel and arch that were given", async () => {
  assert.deepEqual(
    await scanned({ "vmlinuz-6.1": "k", "initrd.img": "i", "x.squashfs": "r", "README": "" }),
    [[
      "stable/arm64",
      { kernel: "vmlinuz-6.1", initramfs: "initrd.img", rootfs: "x.squashfs" },
      undefined,
    ]],
  );
});

Deno.test("a tree holds many images, and its arches may have other names", async () => {
  assert.deepEqual(
    await scanned({
      "stable/amd64/kernel": "k",
      "stable/arm64/kernel": "k",
      "stable/arm64/manifest.json": "{}",
      "testing/aarch64/Image": "k",
      "testing/riscv64/Image": "k",
      "empty/arm64/notes.txt": "not yet",
      "notes.txt": "n",
    }),
    [
      ["stable/x86_64", { kernel: "stable/amd64/kernel" }, undefined],
      ["stable/arm64", { kernel: "stable/arm64/kernel" }, "stable/arm64/manifest.json"],
      ["testing/arm64", { kernel: "testing/aarch64/Image" }, undefined],
    ],
  );
});

Deno.test("a missing directory says what to do", async () => {
  await using directory = await tempDirectory();
  await assert.rejects(scanArtifacts(directory.join("none"), target), {
    code: "artifacts",
    message: `No artifacts directory "${directory.join("none")}"`,
    hint: /vmlinuz/,
  });
});

Deno.test("a file in the place of the directory is refused", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { file: "x" });
  await assert.rejects(scanArtifacts(directory.join("file"), target), {
    code: "artifacts",
    message: /not a directory/,
  });
});

Deno.test("an empty directory, and one without artifacts, say which names are known", async () => {
  await assert.rejects(scanned({}), { code: "artifacts", message: /empty/, hint: /vmlinuz\*/ });
  await assert.rejects(scanned({ "README": "x", "docs/deep/vmlinuz": "k" }), {
    code: "artifacts",
    message: /no file with an artifact's name/,
    hint: /initrd\*/,
  });
});

Deno.test("artifacts without a kernel are refused", async () => {
  await assert.rejects(scanned({ "initrd.img": "i" }), {
    code: "artifacts",
    message: /^No kernel in/,
    hint: /bzImage/,
  });
  await assert.rejects(scanned({ "stable/arm64/rootfs": "r", "stable/amd64/kernel": "k" }), {
    message: /^No kernel in ".*stable\/arm64"/,
  });
});

Deno.test("two kernels are refused, and both are named", async () => {
  await assert.rejects(scanned({ "vmlinuz-6.1": "a", "vmlinuz-6.12": "b" }), {
    code: "artifacts",
    message: /^More than one kernel in ".*": "vmlinuz-6\.1", "vmlinuz-6\.12"$/,
    hint: /keep one/,
  });
  await assert.rejects(scanned({ "kernel": "a", "rootfs.img": "b", "b.sqfs": "c" }), {
    message: /More than one rootfs .*"b\.sqfs", "rootfs\.img"/,
  });
});

Deno.test("a link beside the file to which it leads is no second kernel", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "vmlinuz-6.1": "k" });
  await Deno.symlink("vmlinuz-6.1", directory.join("vmlinuz"));
  const [set] = await scanArtifacts(directory.path, target);
  assert.equal(set!.files.get("kernel"), directory.join("vmlinuz-6.1"));
});

Deno.test("a link within the tree is followed, to a file or to a channel", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "v1/arm64/kernel": "k", "pool/r.img": "r" });
  await Deno.symlink("v1", directory.join("stable"));
  await Deno.symlink("../../pool/r.img", directory.join("v1/arm64/rootfs"));
  const sets = await scanArtifacts(directory.path, target);
  assert.deepEqual(sets.map(({ channel }) => channel), ["stable", "v1"]);
  for (const set of sets) assert.equal(set.files.get("rootfs"), directory.join("pool/r.img"));
});

Deno.test("a link out of the directory is refused, however it is written", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "a/kernel": "k", "abc/secret": "s" });
  const a = directory.join("a");
  for (const to of ["/etc/hostname", "../abc/secret", directory.join("abc/secret"), "/dev/zero"]) {
    await Deno.symlink(to, join(a, "initrd"));
    await assert.rejects(scanArtifacts(a, target), {
      code: "artifacts",
      message: /"[^"]*initrd": it is a link to "[^"]+", outside of/,
    });
    await Deno.remove(join(a, "initrd"));
  }
});

Deno.test("a channel, an arch and a manifest may not be links out either", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "out/arm64/kernel": "k", "out/m.json": "{}" });
  const tree = directory.join("tree");
  await Deno.mkdir(join(tree, "beta"), { recursive: true });
  await Deno.symlink(directory.join("out/arm64"), join(tree, "beta/arm64"));
  await assert.rejects(scanArtifacts(tree, target), { code: "artifacts", message: /outside of/ });
  await Deno.remove(join(tree, "beta/arm64"));
  await Deno.symlink(directory.join("out"), join(tree, "stable"));
  await assert.rejects(scanArtifacts(tree, target), { code: "artifacts", message: /outside of/ });
  await writeFiles(directory.join("flat"), { kernel: "k" });
  await Deno.symlink("../out/m.json", directory.join("flat/manifest.json"));
  await assert.rejects(scanArtifacts(directory.join("flat"), target), { message: /outside of/ });
});

Deno.test("a link that leads nowhere is named", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { kernel: "k" });
  await Deno.symlink("gone", directory.join("initrd"));
  await assert.rejects(scanArtifacts(directory.path, target), {
    code: "artifacts",
    message: /initrd": it is a link that leads nowhere/,
  });
});

Deno.test("the directory itself may be reached over a link, and files keep its name", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "v2/kernel": "k" });
  await Deno.symlink("v2", directory.join("current"));
  const [set] = await scanArtifacts(directory.join("current"), target);
  assert.equal(set!.files.get("kernel"), directory.join("current/kernel"));
});

Deno.test("empty files, pipes and links to directories are refused", async () => {
  await assert.rejects(scanned({ kernel: "" }), { code: "artifacts", message: /it is empty/ });
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "sub/x": "x" });
  await Deno.symlink("sub", directory.join("kernel"));
  await assert.rejects(scanArtifacts(directory.path, target), { message: /not a regular file/ });
  await Deno.remove(directory.join("kernel"));
  const made = await new Deno.Command("mkfifo", { args: [directory.join("kernel")] }).output();
  assert.ok(made.success);
  await assert.rejects(scanArtifacts(directory.path, target), { message: /not a regular file/ });
});

Deno.test("a file above the limit is refused before it is read", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { kernel: "k", rootfs: "r" });
  await Deno.truncate(directory.join("rootfs"), formatLimits.artifactBytes + 1);
  await assert.rejects(scanArtifacts(directory.path, target), {
    code: "artifacts",
    message: /rootfs": size is 16 GiB, limit is 16 GiB/,
  });
});

Deno.test("a directory of artifacts is not ignored for one that holds a tree too", async () => {
  await assert.rejects(scanned({ kernel: "k", "stable/arm64/kernel": "k" }), {
    code: "artifacts",
    message: /holds artifacts, and so does ".*stable\/arm64" in it/,
  });
});

Deno.test("other directories beside flat artifacts don't matter", async () => {
  const sets = await scanned({ kernel: "k", "grub/x86_64-efi/a.mod": "m", "Old/arm64/x": "" });
  assert.equal(sets.length, 1);
});

Deno.test("two spellings of one arch, and a name that no channel can have, are refused", async () => {
  await assert.rejects(scanned({ "stable/amd64/kernel": "a", "stable/x86_64/kernel": "b" }), {
    code: "artifacts",
    message: /Two directories for stable\/x86_64: ".*amd64" and ".*x86_64"/,
  });
  await assert.rejects(scanned({ "Stable/arm64/kernel": "a" }), {
    code: "artifacts",
    message: /"Stable" is no name of a channel/,
  });
});

Deno.test("a directory with far too many entries, and a tree with too many images", async () => {
  await using directory = await tempDirectory();
  for (let i = 0; i <= fileLimits.directoryEntries; i++) {
    Deno.writeFileSync(directory.join(`f${i}`), new Uint8Array(0));
  }
  await assert.rejects(scanArtifacts(directory.path, target), {
    code: "artifacts",
    message: /more than 4096 entries/,
  });
  const tree = Array.from(
    { length: fileLimits.targets + 1 },
    (_, i) => [`c${i}/arm64/kernel`, "k"],
  );
  await assert.rejects(scanned(Object.fromEntries(tree)), { message: /more than 64 channels/ });
});
