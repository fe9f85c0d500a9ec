/**
 * A lock between processes that ends with its holder.
 *
 * @module
 */

import type { Clock } from "../lib/clock.ts";
import { PlasmdError } from "../lib/errors.ts";
import { trustLimits } from "../lib/limits.ts";

/**
 * Does the work while it holds the lock on a file, which is made where it is missing.
 *
 * @throws {PlasmdError} `busy` where another process holds it for too long
 */
export async function withLock<T>(path: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  using file = await Deno.open(path, { create: true, write: true, mode: 0o600 });
  const end = clock.steady() + trustLimits.lockMs;
  while (!await file.tryLock(true)) {
    if (clock.steady() >= end) {
      throw new PlasmdError("busy", `Cannot lock "${path}": another process holds it`);
    }
    await clock.sleep(trustLimits.lockRetryMs);
  }
  return await work(); // closing the file unlocks it
}
