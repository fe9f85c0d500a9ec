/**
 * By what a file is known again without reading it.
 *
 * @module
 */

import type { Stats } from "node:fs";
import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";

/** What the file system says of an open file. */
export interface FileStamp {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  /** Milliseconds since 1970 of the last change of the bytes. */
  readonly mtimeMs: number;
  /** The same of the last change of anything, which no program can set at will. */
  readonly ctimeMs: number;
}

/** The stamp of a file from its stat. */
export function stampOf(stat: Stats): FileStamp {
  const { dev, ino, size, mtimeMs, ctimeMs } = stat;
  return { dev, ino, size, mtimeMs, ctimeMs };
}

/** The stamp as a key: equal for a file that nobody touched. */
export function stampKey(stamp: FileStamp): string {
  return `${stamp.dev}:${stamp.ino}:${stamp.size}:${stamp.mtimeMs}:${stamp.ctimeMs}`;
}

/**
 * Whether an open file still has the bytes that it had. Its ctime doesn't count: it changes when
 * another file takes the name, and the open one's bytes stay.
 */
export function sameBytes(a: FileStamp, b: FileStamp): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/** The error for a file that isn't the one that was hashed any more. */
export function changedError(path: string, hint?: string): PlasmdError {
  return new PlasmdError("changed", `"${printable(path)}" was changed after it was hashed`, {
    hint: hint ??
      "replace a file by a rename: write the new one under a hidden name, then rename it over the old",
  });
}
