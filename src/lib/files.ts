/**
 * Files written as a whole or not at all, and read within a limit.
 *
 * @module
 */

import { dirname, join } from "node:path";
import * as fs from "node:fs/promises";
import { constants } from "node:fs";
import { toHex } from "./bytes.ts";
import { PlasmdError, toPlasmdError } from "./errors.ts";
import { systemRandom } from "./random.ts";
import { bytesText } from "./text.ts";

/** How a file is written. */
export interface WriteOptions {
  /** Mode of the new file, default 0o644; what is secret says 0o600. */
  readonly mode?: number;
  /** Fail with `io` where the file exists already, instead of replacing it. */
  readonly exclusive?: boolean;
}

/**
 * Writes a file atomically: a temporary file beside it, flushed, then renamed (or linked, when
 * `exclusive`), then the directory flushed. After a crash the old or the new file is there, whole.
 *
 * @throws {PlasmdError} `io`, `permission` or `no_space`
 */
export async function writeAtomic(
  path: string,
  bytes: Uint8Array | string,
  { mode = 0o644, exclusive = false }: WriteOptions = {},
): Promise<void> {
  const temporary = join(dirname(path), `.plasmd-${toHex(systemRandom.bytes(8))}.tmp`);
  try {
    await refuseSpecial(path);
    const file = await fs.open(temporary, "wx", mode);
    try {
      await file.chmod(mode); // the umask must not decide
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    if (exclusive) {
      await fs.link(temporary, path);
      await fs.unlink(temporary);
    } else {
      await fs.rename(temporary, path);
    }
    await syncDirectory(dirname(path));
  } catch (thrown) {
    await fs.unlink(temporary).catch(() => {});
    throw toPlasmdError(thrown, `Cannot write "${path}"`);
  }
}

// Root could rename over /dev/null, or over /dev/stdout, and break the machine.
async function refuseSpecial(path: string): Promise<void> {
  const there = await fs.lstat(path).catch(() => undefined);
  if (there === undefined || there.isFile()) return;
  if (there.isSymbolicLink()) {
    const target = await fs.readlink(path).catch(() => "");
    const end = await fs.stat(path).catch(() => undefined);
    if (!target.startsWith("/proc/") && (end === undefined || end.isFile())) return;
  }
  throw new PlasmdError("io", `Cannot write "${path}": not a regular file`, {
    hint: "give the name of a file, new or old",
  });
}

/** Flushes a directory, so that a rename in it survives a power cut; best effort. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await fs.open(path, "r");
    await directory.sync().finally(() => directory.close());
  } catch {
    // Some file systems can't: the rename is still atomic.
  }
}

/** How a file is read. */
export interface ReadOptions {
  /** Follow a link at the last part of the path; default true. */
  readonly followLinks?: boolean;
}

/**
 * The bytes of a regular file of at most `max` bytes.
 *
 * @throws {PlasmdError} `io` or `permission` where it can't be read, `too_large` above the limit
 */
export async function readBounded(
  path: string,
  max: number,
  { followLinks = true }: ReadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    // O_NONBLOCK: a pipe in the place of a file must not hang us.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK |
      (followLinks ? 0 : constants.O_NOFOLLOW);
    const file = await fs.open(path, flags);
    try {
      const { size, ...stat } = await file.stat();
      if ((stat.mode & 0o170000) !== 0o100000) throw new PlasmdError("io", "not a regular file");
      if (size > max) {
        throw new PlasmdError(
          "too_large",
          `size is ${bytesText(size)}, limit is ${bytesText(max)}`,
        );
      }
      return await readUpTo(file, max);
    } finally {
      await file.close();
    }
  } catch (thrown) {
    const error = toPlasmdError(thrown);
    throw new PlasmdError(error.code, `Cannot read "${path}": ${error.message}`, {
      cause: thrown,
      hint: error.hint,
    });
  }
}

async function readUpTo(file: fs.FileHandle, max: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let total = 0;
  while (true) {
    const part = new Uint8Array(64 * 1024);
    const { bytesRead } = await file.read(part, 0, part.length, total);
    if (bytesRead === 0) break;
    total += bytesRead;
    if (total > max) throw new PlasmdError("too_large", `it grew above ${bytesText(max)}`);
    parts.push(part.subarray(0, bytesRead));
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The same as {@linkcode readBounded}, or undefined where there is no such file. */
export async function readBoundedIfThere(
  path: string,
  max: number,
  options?: ReadOptions,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await readBounded(path, max, options);
  } catch (thrown) {
    const cause = (thrown as { cause?: unknown }).cause;
    if (cause instanceof Error && (cause as { code?: string }).code === "ENOENT") return undefined;
    throw thrown;
  }
}
