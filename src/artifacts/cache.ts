/**
 * Hashes that are kept on disk, so that a restart doesn't read every artifact again.
 *
 * @module
 */

import { join } from "node:path";
import type { Deps } from "../lib/deps.ts";
import { toPlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere, writeAtomic } from "../lib/files.ts";
import { fileLimits, hashLimits } from "../lib/limits.ts";
import { type CacheEntry, formatCache, parseCache } from "./cache_format.ts";
import type { FileHash } from "./hash.ts";
import { type FileStamp, stampKey } from "./stamp.ts";

/** Hashes by the stamp of their file. */
export interface HashCache {
  /** The hash of the file with this stamp, in chunks of this size. */
  get(stamp: FileStamp, chunkSize: number): FileHash | undefined;
  put(hash: FileHash): void;
  /** Writes what is new to disk; warns where that can't be done. */
  save(): Promise<void>;
}

/** Its name in the state directory. */
export const cacheName = "hash-cache";

/**
 * Opens the cache of a state directory. A cache that is damaged or can't be read is as good as
 * none: it is logged, and hashes are computed again.
 */
export async function openHashCache(
  stateDir: string,
  { clock, log }: Pick<Deps, "clock" | "log">,
): Promise<HashCache> {
  const file = join(stateDir, cacheName);
  const entries = new Map<string, CacheEntry>();
  for (const entry of await readEntries(file, log)) entries.set(keyOf(entry.hash), entry);
  let dirty = false;
  const seconds = () => Math.floor(clock.now() / 1000);
  return {
    get(stamp, chunkSize) {
      const key = keyOf({ ...stamp, chunkSize });
      const entry = entries.get(key);
      if (entry !== undefined) entries.set(key, { ...entry, used: seconds() });
      return entry?.hash;
    },
    put(hash) {
      entries.set(keyOf(hash), { hash, used: seconds() });
      dirty = true;
    },
    async save() {
      if (!dirty) return;
      const kept = [...entries.values()].filter(({ hash }) => isSettled(hash, clock.now()));
      try {
        await Deno.mkdir(stateDir, { recursive: true, mode: 0o700 });
        await writeAtomic(file, formatCache(kept), { mode: 0o600 });
        dirty = false;
      } catch (thrown) {
        const { message } = toPlasmdError(thrown);
        log.warn("Hashes are not kept: the next start computes them again", { reason: message });
      }
    },
  };
}

/** The cache, and before it hashes that are known already; what of them it lacks it gets. */
export function withKnown(cache: HashCache, hashes: Iterable<FileHash>): HashCache {
  const known = new Map([...hashes].map((hash) => [keyOf(hash), hash]));
  return {
    get(stamp, chunkSize) {
      const cached = cache.get(stamp, chunkSize);
      const hash = cached ?? known.get(keyOf({ ...stamp, chunkSize }));
      if (cached === undefined && hash !== undefined) cache.put(hash);
      return hash;
    },
    put: (hash) => cache.put(hash),
    save: () => cache.save(),
  };
}

async function readEntries(file: string, log: Deps["log"]): Promise<CacheEntry[]> {
  try {
    const bytes = await readBoundedIfThere(file, fileLimits.hashCacheBytes, { followLinks: false });
    if (bytes === undefined) return [];
    const entries = parseCache(bytes);
    if (entries !== undefined) return entries;
    log.warn("The hash cache is damaged: all hashes are computed again", { file });
  } catch (thrown) {
    log.warn("Cannot read the hash cache: all hashes are computed again", {
      reason: toPlasmdError(thrown).message,
    });
  }
  return [];
}

function keyOf(hash: FileStamp & { readonly chunkSize: number }): string {
  return `${stampKey(hash)}:${hash.chunkSize}`;
}

/**
 * Whether the file was left alone for a while. One that was just written could be written once more
 * within the same tick of the file system's clock, and nothing would show it.
 */
function isSettled({ mtimeMs, ctimeMs }: FileStamp, now: number): boolean {
  return now - Math.max(mtimeMs, ctimeMs) >= hashLimits.settledMs;
}
