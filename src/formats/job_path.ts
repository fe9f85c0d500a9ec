/**
 * The names of files that a job gets.
 *
 * @module
 */

import { jobFormatLimits } from "../lib/limits.ts";

/** Whether the text names a file in a job's root: relative, without `.`, `..` or empty parts. */
export function isJobPath(path: string): boolean {
  if (path.length > jobFormatLimits.fileNameChars || path.includes("\0")) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** A path of the list that another one needs to be a directory, if there is one. */
export function pathClash(paths: readonly string[]): string | undefined {
  const files = new Set(paths);
  for (const path of paths) {
    for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
      if (files.has(path.slice(0, at))) return path.slice(0, at);
    }
  }
  return undefined;
}
