/**
 * Whether the key and the files that decide can be read, and written by nobody else.
 *
 * @module
 */

import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname } from "node:path";
import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import { failedWith, type Finding, ok, warning, wrong } from "./finding.ts";

/** The key file, as it was read: `identity` undefined where there is none. */
export interface IdentityProbe {
  readonly file: string;
  exists(): Promise<boolean>;
  /** Its keyid; throws where the key must not be used. */
  read(): Promise<string>;
}

/** The key: there and closed to others, or not made yet. */
export async function checkIdentity({ file, exists, read }: IdentityProbe): Promise<Finding> {
  try {
    if (!await exists()) return ok(`none yet: serve makes "${file}"`);
    return ok(`${await read()} in "${file}"`);
  } catch (thrown) {
    return failedWith(thrown, "run as the user that the key belongs to, or set PLASMD_IDENTITY");
  }
}

/** A file of ours: what is read from it, and what it means where it is missing. */
export interface FileProbe {
  /** Undefined where there is none. */
  readonly file: string | undefined;
  readonly missing: string;
  /** Reads it as the program does; throws what is wrong with it. */
  read(): Promise<unknown>;
}

/** A file that decides: well-formed, and written by its owner or root alone. */
export async function checkFile({ file, missing, read }: FileProbe): Promise<Finding> {
  if (file === undefined) return ok(missing);
  try {
    await read();
    const { mode } = await fs.stat(file);
    if ((mode & 0o022) !== 0) {
      return wrong(`other users can write "${file}"`, `chmod go-w '${file}'`);
    }
    return ok(`"${file}"`);
  } catch (thrown) {
    return failedWith(thrown, `make "${file}" readable to this user, or move it away`);
  }
}

/** The directory for state: private, and writable where the node shall remember anything. */
export async function checkStateDir(directory: string): Promise<Finding> {
  try {
    const stat = await fs.stat(directory);
    if (!stat.isDirectory()) throw new PlasmdError("config", `"${directory}" is no directory`);
    if ((stat.mode & 0o022) !== 0) {
      return wrong(`other users can write "${directory}"`, `chmod go-w '${directory}'`);
    }
    if (!await isWritable(directory)) return notWritable(directory);
    return ok(`"${directory}"`);
  } catch (thrown) {
    if (!isMissing(thrown)) return failedWith(thrown, "give another directory with --state-dir");
    const parent = await nearestDirectory(dirname(directory));
    if (!await isWritable(parent)) return notWritable(directory);
    return ok(`not there yet: serve makes "${directory}"`);
  }
}

function notWritable(directory: string): Finding {
  return warning(
    `this user can't write "${directory}": what was learned is forgotten at the end`,
    "run as the user of the service, or give another directory with --state-dir",
  );
}

/** The directory itself, or the nearest above it that is there. */
export async function nearestDirectory(path: string): Promise<string> {
  for (let at = path;; at = dirname(at)) {
    const there = await fs.stat(at).then((stat) => stat.isDirectory(), () => false);
    if (there || at === dirname(at)) return at;
  }
}

/** Whether the error says that there is nothing of that name. */
export function isMissing(thrown: unknown): boolean {
  const { cause } = toPlasmdError(thrown);
  return [thrown, cause].some((error) =>
    (error as { code?: unknown } | undefined)?.code === "ENOENT"
  );
}

async function isWritable(path: string): Promise<boolean> {
  return await fs.access(path, constants.W_OK).then(() => true, () => false);
}
