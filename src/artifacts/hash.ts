/**
 * Hashes files in Workers: the whole of a file in one, its chunks in another, so that a file takes
 * no longer than SHA-256 of the whole alone. The Workers end when there is nothing to do.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { hashLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { startWorker } from "../lib/worker.ts";
import type { HashResult, HashTask } from "./hash_file.ts";
import { type HashPoolOptions, openHashPool } from "./hash_pool.ts";
import { changedError, type FileStamp, stampKey } from "./stamp.ts";

/** The hashes of a file, and of which file. */
export interface FileHash extends FileStamp {
  /** SHA-256 of the whole in 64 hex digits. */
  readonly digest: string;
  /** Bytes of a chunk; the last one may be shorter. */
  readonly chunkSize: number;
  /** The concatenated 32-byte SHA-256 of each chunk. */
  readonly chunks: Uint8Array<ArrayBuffer>;
}

/** How a file is hashed. */
export interface HashOptions {
  /** Bytes of a chunk. */
  readonly chunkSize: number;
  readonly signal?: AbortSignal;
  /** Gets how many bytes of the file are done. */
  readonly onProgress?: (done: number) => void;
}

/** Hashes files; disposing it ends its Workers and cancels what runs. */
export interface Hasher extends AsyncDisposable {
  /**
   * @throws {PlasmdError} `io`, `permission`; `changed` where the file changes meanwhile;
   *   `cancelled`
   */
  hash(path: string, options: HashOptions): Promise<FileHash>;
  /** Workers that are alive now. */
  running(): number;
}

/** How a hasher is opened. */
export interface HasherOptions {
  /** How many Workers at most. Default: as many as there are cores, up to a limit. */
  readonly workers?: number;
  /** Files and directories that the Workers may read. */
  readonly read: readonly string[];
  /** Starts a hash Worker; default: the program's own. */
  readonly start?: HashPoolOptions["start"];
}

/** Opens a hasher. No Worker is started until there is something to hash. */
export function openHasher(
  options: HasherOptions,
  { clock, meter }: Pick<Deps, "clock" | "meter">,
): Hasher {
  const workers = options.workers ??
    Math.min(hashLimits.workers, Math.max(1, navigator.hardwareConcurrency));
  const start = options.start ??
    (() => startWorker("hash", { permissions: { read: [...options.read] } }));
  const pool = openHashPool({ workers, start });
  return {
    async hash(path, { chunkSize, signal, onProgress }) {
      const tasks = tasksFor(path, chunkSize, workers);
      const report = sumOf(tasks.length, onProgress);
      const stop = new AbortController();
      const start = clock.steady();
      const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
      try {
        const results = await Promise.all(
          tasks.map((task, i) => pool.run(task, { signal: either, onProgress: report(i) })),
        );
        const hash = joined(path, chunkSize, results);
        meter.add("plasmd_hashed_bytes_total", hash.size);
        meter.add("plasmd_hash_seconds_total", (clock.steady() - start) / 1000);
        return hash;
      } finally {
        // Where one half failed, the other is of no use.
        stop.abort(new PlasmdError("cancelled", `Hashing "${printable(path)}" was stopped`));
      }
    },
    running: () => pool.running(),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

/** One task for both hashes where there is one Worker, else one each. */
function tasksFor(path: string, chunkSize: number, workers: number): HashTask[] {
  if (workers === 1) return [{ path, chunkSize, whole: true, chunks: true }];
  return [
    { path, chunkSize, whole: true, chunks: false },
    { path, chunkSize, whole: false, chunks: true },
  ];
}

/** Makes of the progress of several tasks over one file the progress of the file. */
function sumOf(tasks: number, onProgress: ((done: number) => void) | undefined) {
  const done = new Array<number>(tasks).fill(0);
  return (task: number) => (bytes: number) => {
    done[task] = bytes;
    onProgress?.(Math.floor(done.reduce((a, b) => a + b, 0) / tasks));
  };
}

function joined(path: string, chunkSize: number, results: readonly HashResult[]): FileHash {
  const digest = results.find((result) => result.digest !== undefined)?.digest;
  const chunks = results.find((result) => result.chunks !== undefined)?.chunks;
  const stamp = results[0]!.stamp;
  if (digest === undefined || chunks === undefined) {
    throw new PlasmdError("internal", `Hashing "${printable(path)}" gave no hash`);
  }
  // Two Workers opened the path, each for itself: it must have been one file.
  if (results.some((result) => stampKey(result.stamp) !== stampKey(stamp))) {
    throw changedError(path, "wait until the file is written, then start again");
  }
  return { ...stamp, digest, chunkSize, chunks };
}
