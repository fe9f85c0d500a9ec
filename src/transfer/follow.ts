/**
 * The hash of a whole file, made while the file is still being written: a large file by a Worker
 * that follows the writer, a small one at its end.
 *
 * @module
 */

import { type ErrorData, errorFromData, PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { startWorker } from "../lib/worker.ts";
import { isArtifact } from "./part_file.ts";
import type { Wanted } from "./source.ts";

/** What the Worker is told: to hash the file up to a position, and whether that is all. */
export interface FollowRequest {
  readonly path: string;
  readonly end: number;
  readonly last: boolean;
}

/** What the Worker says. */
export type FollowMessage = { readonly digest: string } | { readonly error: ErrorData };

/** Hashes a file behind its writer. Disposing it ends the Worker. */
export interface Follower extends Disposable {
  /** Everything before this position is written and won't change. */
  reached(end: number): void;
  /**
   * Waits for the hash of the whole.
   *
   * @throws {PlasmdError} `mismatch` where it isn't that of the manifest
   */
  check(signal: AbortSignal): Promise<void>;
}

/** Begins to follow the file at the path; from `workerBytes` bytes on in a Worker. */
export function startFollower(path: string, wanted: Wanted, workerBytes: number): Follower {
  return wanted.artifact.size < workerBytes ? checkAtEnd(path, wanted) : follow(path, wanted);
}

function checkAtEnd(path: string, wanted: Wanted): Follower {
  return {
    reached() {},
    async check(signal) {
      if (await isArtifact(path, wanted.artifact, { signal }) !== "yes") throw mismatch(wanted);
    },
    [Symbol.dispose]() {},
  };
}

function follow(path: string, wanted: Wanted): Follower {
  const worker = startWorker("follow", { permissions: { read: [path] } });
  const answer = Promise.withResolvers<string>();
  answer.promise.catch(() => {}); // It is awaited in check, or not at all.
  worker.onmessage = ({ data }: MessageEvent<FollowMessage>) => {
    if ("digest" in data) answer.resolve(data.digest);
    else answer.reject(errorFromData(data.error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    answer.reject(new PlasmdError("failed", `Cannot hash "${wanted.name}": ${event.message}`));
  };
  const tell = (end: number, last: boolean) =>
    worker.postMessage({ path, end, last } satisfies FollowRequest);
  return {
    reached: (end) => tell(end, false),
    async check(signal) {
      const stop = () => answer.reject(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      tell(wanted.artifact.size, true);
      try {
        if (`sha256:${await answer.promise}` !== wanted.artifact.hash) throw mismatch(wanted);
      } catch (thrown) {
        // A Worker may not open what lies below /dev, as /dev/shm does; this thread may.
        if (toPlasmdError(thrown).code !== "permission") throw thrown;
        await checkAtEnd(path, wanted).check(signal);
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
    [Symbol.dispose]: () => worker.terminate(),
  };
}

function mismatch({ name }: Wanted): PlasmdError {
  return new PlasmdError(
    "mismatch",
    `The whole of "${name}" differs from what was signed, although each chunk is right`,
    { hint: "the manifest contradicts itself, or the disk does: ask its publisher" },
  );
}
