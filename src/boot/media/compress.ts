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
 * The packed bytes; the same bytes in give the same bytes out. The executable inside is packed
 * already, so a high level would cost time and gain nothing.
 */
export async function compress(bytes: Uint8Array, how: Compression): Promise<Uint8Array> {
  if (how === "gzip") return await promisify(gzip)(bytes, { level: 6 });
  return await promisify(zstdCompress)(bytes, {
    params: {
      [constants.ZSTD_c_compressionLevel]: 9,
      [constants.ZSTD_c_windowLog]: 23, // the kernel unpacks windows of up to 8 MiB
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
}
