/**
 * One look at the artifacts directory: which channels and arches are there, and a fingerprint of
 * each, which changes when any of its files does. Nothing is read or opened.
 *
 * @module
 */

import { lstat } from "node:fs/promises";
import { dirname } from "node:path";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import { type NamedChannel, seekNamed } from "./named.ts";
import { type ArtifactSet, type Finding, seekArtifacts, type Target } from "./scan.ts";
import { stampKey, stampOf } from "./stamp.ts";

/** Where to look, and for what. */
export interface LookOptions extends Target {
  readonly directory: string;
  readonly channels?: readonly NamedChannel[];
}

/** One channel and arch, as it lies there now. */
export interface Seen extends Target {
  /** Its files, or why no image can be made of them. */
  readonly found: ArtifactSet | PlasmdError;
  readonly fingerprint: string;
}

/** All that is there now. */
export interface Look {
  /** By {@linkcode targetKey}. */
  readonly targets: ReadonlyMap<string, Seen>;
  /** The directories in which a change matters. */
  readonly directories: readonly string[];
}

/** The name of a channel and arch, for maps and for people. */
export function targetKey({ channel, arch }: Target): string {
  return `${channel}/${arch}`;
}

/**
 * Looks at the directory. What is wrong with one channel and arch is a finding; only what concerns
 * all of them is thrown.
 *
 * @throws {PlasmdError} `artifacts` where the directory can't be used at all
 */
export async function lookAt({ directory, channels, ...target }: LookOptions): Promise<Look> {
  const visited = new Set<string>();
  const findings = channels === undefined
    ? await seekArtifacts(directory, target, visited)
    : await seekNamed(directory, channels, visited);
  const targets = new Map<string, Seen>();
  for (const finding of findings) {
    const seen = await seenOf(finding);
    targets.set(targetKey(finding), seen);
    if (seen.found instanceof PlasmdError) continue;
    for (const file of seen.found.files.values()) visited.add(dirname(file));
  }
  return { targets, directories: [...visited].sort() };
}

async function seenOf({ channel, arch, found }: Finding): Promise<Seen> {
  try {
    if (found instanceof PlasmdError) throw found;
    return { channel, arch, found, fingerprint: await fingerprintOf(found) };
  } catch (thrown) {
    const error = toPlasmdError(thrown);
    return { channel, arch, found: error, fingerprint: `${error.code}: ${error.message}` };
  }
}

/**
 * What the file system says of the files of one channel and arch.
 *
 * @throws {PlasmdError} `io`, `permission`
 */
export async function fingerprintOf({ files, manifestFile }: ArtifactSet): Promise<string> {
  const parts: [name: string, path: string, stamp: string][] = [];
  for (const [name, path] of [...files, ["manifest", manifestFile] as const]) {
    if (path !== undefined) parts.push([name, path, await stampAt(path)]);
  }
  return JSON.stringify(parts);
}

async function stampAt(path: string): Promise<string> {
  try {
    return stampKey(stampOf(await lstat(path)));
  } catch (thrown) {
    throw toPlasmdError(thrown, `Cannot read "${printable(path)}"`);
  }
}
