/**
 * A real boot image for end-to-end tests, made once and kept in `.cache/`.
 *
 * @module
 */

import { projectRoot } from "./program.ts";

/** A directory with a kernel, an initramfs and a rootfs. */
export interface BootImage {
  readonly directory: string;
  /** Artifact → file name in the directory. */
  readonly files: Readonly<Record<"kernel" | "initramfs" | "rootfs", string>>;
}

/** What {@linkcode bootImage} runs. */
export const bootImageTools: readonly string[] = [
  "apt-get",
  "bash",
  "busybox",
  "cpio",
  "dpkg",
  "gzip",
  "openssl",
];

const files = { kernel: "vmlinuz", initramfs: "initramfs.img", rootfs: "rootfs.img" } as const;

/** Debian's cloud kernel, an initramfs of busybox and a rootfs of 1 GiB. */
export async function bootImage(): Promise<BootImage> {
  const directory = `${projectRoot}.cache/e2e/image`;
  if (!await isThere(directory)) {
    const work = `${directory}.${Deno.pid}`;
    const { success } = await new Deno.Command("bash", {
      args: [`${projectRoot}tests/e2e/boot_image.sh`, work],
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    if (!success) throw new Error("boot_image.sh failed: its output is above");
    await Deno.rename(work, directory);
  }
  return { directory, files };
}

async function isThere(directory: string): Promise<boolean> {
  try {
    await Deno.stat(directory);
    return true;
  } catch {
    return false;
  }
}
