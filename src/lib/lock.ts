/**
 * One process at a time: advisory locks on a file of the directory that is locked.
 *
 * @module
 */

import { join } from "node:path";
import type { Clock } from "./clock.ts";
import { PlasmdError, toPlasmdError } from "./errors.ts";

/** Who holds a directory, and what to do about it. */
export interface LockOptions {
  /** The file's name in the directory. */
  readonly name: string;
  /** What the hint says where another process holds it. */
  readonly hint: string;
}

/**
 * Locks a directory for this process until disposed. The lock goes with the process, so that
 * `kill -9` leaves none behind. Returns undefined where the directory can't be written.
 *
 * @throws {PlasmdError} `busy` where another process holds it
 */
export async function lockDirectory(
  directory: string,
  { name, hint }: LockOptions,
): Promise<Disposable | undefined> {
  const path = join(directory, name);
  const file = await openLock(path);
  if (file === undefined) return undefined;
  if (!await file.tryLock(true)) {
    file.close();
    throw new PlasmdError("busy", `Cannot use "${directory}": another process holds it`, { hint });
  }
  return { [Symbol.dispose]: () => file.close() };
}

/**
 * The same, but waits for whoever holds it.
 *
 * @throws {PlasmdError} `busy` after `waitMs` milliseconds
 */
export async function waitForLock(
  directory: string,
  options: LockOptions & { readonly waitMs: number; readonly signal?: AbortSignal },
  clock: Clock,
): Promise<Disposable | undefined> {
  const end = clock.steady() + options.waitMs;
  while (true) {
    try {
      return await lockDirectory(directory, options);
    } catch (thrown) {
      if (toPlasmdError(thrown).code !== "busy" || clock.steady() >= end) throw thrown;
      await clock.sleep(20, { signal: options.signal });
    }
  }
}

async function openLock(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path, { write: true, create: true, mode: 0o600 });
  } catch (thrown) {
    const error = toPlasmdError(thrown, `Cannot lock "${path}"`);
    if (error.code === "permission" || error.code === "no_space") return undefined;
    throw error;
  }
}
