/**
 * The hashes of many held files: from the cache, or computed with one progress for all; the small
 * ones at once, the others in Workers.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { hashLimits } from "../lib/limits.ts";
import type { HashCache } from "./cache.ts";
import { type FileHash, type Hasher, openHasher } from "./hash.ts";
import { hashHere } from "./hash_here.ts";
import type { HeldFile } from "./open_file.ts";
import { stampKey } from "./stamp.ts";

/** A file to hash. */
export interface Wanted {
  readonly file: HeldFile;
  /** Bytes of a chunk. */
  readonly chunkSize: number;
  /** What it is, for the progress. */
  readonly label: string;
}

/** How files are hashed. */
export interface HashAllOptions {
  /** The directory that the Workers may read. */
  readonly directory: string;
  /** Workers at most. */
  readonly workers?: number;
  readonly cache?: HashCache;
  /** Bytes in all up to which no Worker is started; default: none are hashed here for that. */
  readonly hereBytes?: number;
  readonly signal?: AbortSignal;
  /** Gets bytes done and bytes in all, of what isn't in the cache, and the file worked on. */
  readonly onProgress?: (done: number, total: number, label: string) => void;
}

/**
 * The hashes of the files, in their order. One file under two names is read once.
 *
 * @throws {PlasmdError} `io`, `permission`, `changed`, `cancelled`
 */
export async function hashAll(
  wanted: readonly Wanted[],
  options: HashAllOptions,
  deps: Deps,
): Promise<FileHash[]> {
  const { directory, workers, cache } = options;
  await using hasher = openHasher({ workers, read: [directory] }, deps);
  const missing = new Map(
    wanted.filter(({ file, chunkSize }) => cache?.get(file.stamp, chunkSize) === undefined)
      .map((one) => [keyOf(one), one]),
  );
  const computed = await hashMissing([...missing], hasher, options);
  computed.forEach((hash) => cache?.put(hash));
  return wanted.map((one) =>
    computed.get(keyOf(one)) ?? cache!.get(one.file.stamp, one.chunkSize)!
  );
}

async function hashMissing(
  missing: readonly [key: string, one: Wanted][],
  hasher: Hasher,
  { signal, onProgress, hereBytes = 0 }: HashAllOptions,
): Promise<Map<string, FileHash>> {
  const total = missing.reduce((sum, [, { file }]) => sum + file.stamp.size, 0);
  const here = (size: number) => size <= hashLimits.inlineBytes || total <= hereBytes;
  const done = new Map<string, number>();
  const hashes = await Promise.all(missing.map(async ([key, one]) => {
    const report = (bytes: number) => {
      done.set(key, bytes);
      onProgress?.([...done.values()].reduce((a, b) => a + b, 0), total, one.label);
    };
    const { file: { path, stamp }, chunkSize } = one;
    const how = { chunkSize, signal, onProgress: report };
    const hash = here(stamp.size) ? await hashHere(path, how) : await hasher.hash(path, how);
    report(hash.size);
    return [key, hash] as const;
  }));
  return new Map(hashes);
}

function keyOf({ file, chunkSize }: Wanted): string {
  return `${stampKey(file.stamp)}:${chunkSize}`;
}
