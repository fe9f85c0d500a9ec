/**
 * Bytes as independent zstd frames, so that the launcher unpacks several at once. Packing a runtime
 * takes a minute: packed frames are kept by the digest of what is in them.
 *
 * @module
 */

import { join } from "node:path";
import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import { sha256Hex } from "../lib/bytes.ts";
import { writeAtomic } from "../lib/files.ts";

/** A piece of something, packed. */
export interface PackedFrame {
  /** Where its bytes lie in the whole, and how many they are. */
  readonly at: number;
  readonly size: number;
  readonly packed: Uint8Array;
}

/** How bytes are packed. */
export interface CompressOptions {
  /** Where packed frames are kept. */
  readonly cache: string;
  readonly level?: number;
  readonly frameBytes?: number;
}

const compress = promisify(zstdCompress);

/** Packs bytes into frames. */
export async function compressFrames(
  bytes: Uint8Array,
  { cache, level = 19, frameBytes = 8 * 1024 * 1024 }: CompressOptions,
): Promise<PackedFrame[]> {
  await Deno.mkdir(cache, { recursive: true });
  const frames: PackedFrame[] = [];
  let next = 0;
  const lane = async () => {
    while (next * frameBytes < bytes.length) {
      const number = next++;
      const at = number * frameBytes;
      const frame = bytes.subarray(at, at + frameBytes);
      frames[number] = { at, size: frame.length, packed: await packFrame(frame, level, cache) };
    }
  };
  // The strongest levels need 100 MB each: no more at once than there are processors.
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, lane));
  return frames;
}

async function packFrame(frame: Uint8Array, level: number, cache: string): Promise<Uint8Array> {
  const file = join(cache, `${sha256Hex(frame)}-${level}.zst`);
  try {
    return await Deno.readFile(file);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  const packed = new Uint8Array(await compress(frame, { params }));
  await writeAtomic(file, packed);
  return packed;
}
