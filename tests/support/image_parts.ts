/**
 * What a boot image is made of, small and made up: files that look right from outside.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import type { ImageOptions } from "../../src/boot/media/image.ts";
import { bzImage, elfFile } from "./elf.ts";
import { testIdentity } from "./manifests.ts";
import type { TempDirectory } from "./temp.ts";

/** `uname -r` of the kernel. */
export const kernelRelease = "6.1.0-13-amd64";

const buildTime = Date.UTC(2026, 10, 24);

/** Writes a kernel with a few modules, an executable and a busybox. */
export async function ingredients(directory: TempDirectory): Promise<ImageOptions> {
  const modules = directory.join(kernelRelease);
  await Deno.mkdir(`${modules}/kernel/fs`, { recursive: true });
  await Deno.writeFile(`${modules}/kernel/fs/overlay.ko`, elfFile({ type: 1 }));
  await Deno.writeFile(`${modules}/kernel/fs/squashfs.ko.gz`, gzipSync(elfFile({ type: 1 })));
  await Deno.writeFile(`${modules}/kernel/virtio.ko`, elfFile({ type: 1 }));
  await Deno.writeFile(`${modules}/kernel/virtio_net.ko`, elfFile({ type: 1 }));
  await Deno.writeFile(`${modules}/kernel/joystick.ko`, elfFile({ type: 1 }));
  await Deno.writeTextFile(
    `${modules}/modules.dep`,
    "kernel/fs/overlay.ko:\nkernel/fs/squashfs.ko.gz:\nkernel/joystick.ko:\nkernel/virtio.ko:\n" +
      "kernel/virtio_net.ko: kernel/virtio.ko\n",
  );
  await Deno.writeTextFile(`${modules}/modules.alias`, "alias virtio:d1v* virtio_net\n");
  await Deno.writeTextFile(`${modules}/modules.builtin`, "kernel/af_packet.ko\nkernel/loop.ko\n");
  await Deno.writeFile(directory.join("vmlinuz"), bzImage(kernelRelease));
  await Deno.writeFile(directory.join("plasmd"), elfFile({ segments: [1, 2] }));
  await Deno.writeFile(directory.join("busybox"), elfFile());
  return {
    kind: "client",
    arch: "x86_64",
    kernel: directory.join("vmlinuz"),
    modules,
    output: directory.join("image"),
    exe: directory.join("plasmd"),
    busybox: directory.join("busybox"),
    trust: [testIdentity(1).keyid],
    threshold: 1,
    providers: ["http://192.0.2.1:8080"],
    cmdline: "ip=dhcp",
    compression: "zstd",
    level: 9,
    buildTime,
    notBefore: buildTime,
  };
}
