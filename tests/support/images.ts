/**
 * Boot images for tests, built from Debian's kernel.
 *
 * @module
 */

import { join } from "node:path";
import { cpioArchive } from "../../src/boot/media/cpio.ts";
import { buildImage, type ImageOptions, type ImageReport } from "../../src/boot/media/image.ts";
import type { Arch } from "../../src/formats/names.ts";
import { debianFile, debianKernel } from "./debian.ts";

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
  const { arch = "x86_64" } = options;
  const { kernel, modules } = await debianKernel(arch);
  const busybox = await busyboxFor(arch);
  const buildTime = options.buildTime ?? Date.now();
  const report = await buildImage({
    kind: "client",
    arch,
    kernel,
    modules,
    output,
    exe: busybox,
    busybox,
    trust: [],
    threshold: 1,
    providers: [],
    cmdline: "",
    compression: "zstd",
    level: 9,
    buildTime,
    notBefore: buildTime - 86_400_000,
    ...options,
  });
  return { ...report, kernel };
}

/** A static busybox of an arch. */
async function busyboxFor(arch: Arch): Promise<string> {
  return arch === "x86_64"
    ? staticBusybox
    : await debianFile("busybox-static", arch, staticBusybox.slice(1));
}

/** Files of a handover, by their names in it. */
export type HandoverFiles = Readonly<Record<string, Uint8Array | string>>;

/** Appends a handover to an image, as the system before would. */
export async function appendHandover(image: string, files: HandoverFiles): Promise<void> {
  const archive = cpioArchive(
    Object.entries(files).map(([name, content]) => ({
      kind: "file",
      path: join("run/phase/handover", name),
      bytes: typeof content === "string" ? new TextEncoder().encode(content) : content,
    })),
  );
  using file = await Deno.open(image, { append: true });
  const { size } = await file.stat();
  // The kernel looks for the next archive at a multiple of four bytes.
  for (const part of [new Uint8Array((4 - size % 4) % 4), archive]) {
    for (let done = 0; done < part.length;) done += await file.write(part.subarray(done));
  }
}
