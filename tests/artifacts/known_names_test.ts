import assert from "node:assert/strict";
import { artifactNamed } from "../../src/artifacts/known_names.ts";

const names = {
  kernel: ["vmlinuz", "vmlinuz-6.1.0-18-cloud-amd64", "bzImage", "Image", "kernel"],
  initramfs: ["initramfs", "initramfs.img", "initrd", "initrd.img-6.1.0", "initramfs-linux.zst"],
  rootfs: ["rootfs", "rootfs.squashfs", "rootfs.ext4", "filesystem.squashfs", "live.sqfs"],
} as const;

for (const [artifact, files] of Object.entries(names)) {
  Deno.test(`the known names of a ${artifact}`, () => {
    for (const file of files) assert.equal(artifactNamed(file), artifact, file);
  });
}

Deno.test("other names are no artifacts", () => {
  const others = ["", "README", "Image.gz", "kernel.img", "bzimage", "my-vmlinuz", "manifest.json"];
  for (const file of [...others, "squashfs", "toString"]) {
    assert.equal(artifactNamed(file), undefined, file);
  }
});

Deno.test("hidden files and unfinished downloads are no artifacts", () => {
  for (const file of [".vmlinuz", ".rootfs.squashfs", "rootfs.part", "initramfs.part"]) {
    assert.equal(artifactNamed(file), undefined, file);
  }
});
