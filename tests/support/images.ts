/**
 * Boot images for tests, built from Debian's kernel.
 *
 * @module
 */

import { buildImage, type ImageOptions, type ImageReport } from "../../src/boot/media/image.ts";
import { debianKernel } from "./debian.ts";

/** Where Debian's busybox-static puts it. */
export const staticBusybox = "/bin/busybox";

/**
 * Builds an image for Debian's kernel. Without `exe` busybox lies in plasmd's place: it ends at once
 * with 127, which is all that init sees of a boot that fails.
 */
export async function testImage(
  output: string,
  options: Partial<ImageOptions> = {},
): Promise<ImageReport & { readonly kernel: string }> {
  const { kernel, modules } = await debianKernel();
  const buildTime = options.buildTime ?? Date.now();
  const report = await buildImage({
    kind: "client",
    arch: "x86_64",
    kernel,
    modules,
    output,
    exe: staticBusybox,
    busybox: staticBusybox,
    trust: [],
    threshold: 1,
    providers: [],
    cmdline: "",
    compression: "zstd",
    buildTime,
    notBefore: buildTime - 86_400_000,
    ...options,
  });
  return { ...report, kernel };
}
