/**
 * The directory that a boot image lands in: held by one process at a time, with room enough.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { bytesText, printable } from "../lib/text.ts";

/**
 * Makes the directory where it isn't there, and holds it until disposed. The lock is on the
 * directory itself: it leaves no file behind and ends with the process.
 *
 * @throws {PlasmdError} `busy` where another fetch holds it; `io`, `permission`, `no_space`
 */
export async function openOutput(directory: string): Promise<Disposable> {
  const handle = await open(directory);
  if (await handle.tryLock(true)) return { [Symbol.dispose]: () => handle.close() };
  handle.close();
  throw new PlasmdError("busy", `Cannot use "${printable(directory)}": another fetch fills it`, {
    hint: "wait for it to end, or give another directory with --output",
  });
}

async function open(directory: string): Promise<Deno.FsFile> {
  try {
    await fs.mkdir(directory, { recursive: true });
    // Asked now: a full download must not fail at its last step.
    await fs.access(directory, fs.constants.W_OK | fs.constants.X_OK);
    return await Deno.open(directory, { read: true });
  } catch (thrown) {
    const error = toPlasmdError(thrown);
    throw new PlasmdError(
      error.code,
      `Cannot use "${printable(directory)}" as output directory: ${error.message}`,
      { cause: thrown, hint: "give a directory that you can write with --output" },
    );
  }
}

/** What tells how many bytes are free; a fake in tests. */
export type FreeBytes = (directory: string) => Promise<number>;

/** Bytes that a user without privileges may still write in the directory's file system. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await fs.statfs(directory);
  return bavail * bsize;
}

/**
 * Checks that there is room before anything is fetched. DESIGN 9.
 *
 * @throws {PlasmdError} `no_space`
 */
export async function requireSpace(
  directory: string,
  bytes: number,
  reserve: number,
  free: FreeBytes = freeBytes,
): Promise<void> {
  if (bytes === 0) return;
  const there = await free(directory);
  if (there >= bytes + reserve) return;
  throw new PlasmdError(
    "no_space",
    `Cannot fetch ${bytesText(bytes)} into "${printable(directory)}": ${bytesText(there)} are free`,
    { hint: `make room, or give another directory; ${bytesText(reserve)} must stay free` },
  );
}
