/**
 * Packs an initramfs so that the kernel can unpack it.
 *
 * @module
 */

import { promisify } from "node:util";
import { constants, gzip, zstdCompress } from "node:zlib";

/** How an initramfs is packed: what kernels call RD_ZSTD and RD_GZIP. */
export type Compression = "zstd" | "gzip";

/** All of them; the first is the default. */
export const compressions: readonly Compression[] = ["zstd", "gzip"];

/**
 * The packed bytes; the same bytes in give the same bytes out.
 *
 * @param level zstd's, 1 to 19: what each takes and saves is in docs/images.md
 */
export async function compress(
  bytes: Uint8Array,
  how: Compression,
  level: number,
): Promise<Uint8Array> {
  if (how === "gzip") return await promisify(gzip)(bytes, { level: 6 });
  return await promisify(zstdCompress)(bytes, {
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: 23, // the kernel unpacks windows of up to 8 MiB
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
}
