/**
 * A time limit for what can hang and can't be stopped: a read of a disk that doesn't answer.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { PlasmdError } from "./errors.ts";

/**
 * The promise's outcome, if it comes in time. What it waits for goes on; its end is then ignored.
 *
 * @throws {PlasmdError} `timeout` after `ms` milliseconds
 */
export async function within<T>(
  promise: Promise<T>,
  { ms, clock, what }: { readonly ms: number; readonly clock: Clock; readonly what: string },
): Promise<T> {
  const done = new AbortController();
  const late = clock.sleep(ms, { signal: done.signal }).then(() => {
    throw new PlasmdError("timeout", `${what} took longer than ${ms} ms`);
  });
  late.catch(() => {});
  promise.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    done.abort();
  }
}
