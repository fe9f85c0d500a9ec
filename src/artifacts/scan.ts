/**
 * What an artifacts directory holds: the files of one channel and arch (flat), or a tree of
 * `{channel}/{arch}` with the files of many. DESIGN 6.
 *
 * @module
 */

import { join } from "node:path";
import { type Arch, arches, archOf, isChannel } from "../formats/names.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { fileLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { followInside, openRoot, type Root } from "./inside.ts";
import { knownNames } from "./known_names.ts";
import { type ArtifactSet, entriesOf, holdsArtifacts, readTarget } from "./target_dir.ts";

export type { ArtifactSet } from "./target_dir.ts";

/** What a flat directory is the image of. */
export interface Target {
  readonly channel: string;
  readonly arch: Arch;
}

/** What was found of one channel and arch: its files, or why no image can be made of them. */
export interface Finding extends Target {
  readonly found: ArtifactSet | PlasmdError;
}

/**
 * Finds the artifacts in a directory. Nothing is opened; each path lies inside of the directory and
 * has no link in it.
 *
 * @param target what a flat directory's files are; a tree says it itself
 * @throws {PlasmdError} `artifacts` where no image can be made of what is there; `io`, `permission`
 */
export async function scanArtifacts(directory: string, target: Target): Promise<ArtifactSet[]> {
  return everySet(await seekArtifacts(directory, target));
}

/** The sets, if an image can be made of each; else throws the first reason why not. */
export function everySet(findings: readonly Finding[]): ArtifactSet[] {
  return findings.map(({ found }) => {
    if (found instanceof PlasmdError) throw found;
    return found;
  });
}

/**
 * Like {@linkcode scanArtifacts}, but what is wrong with one channel and arch doesn't hide the
 * others.
 *
 * @param visited gets the directories that were looked into
 * @throws {PlasmdError} `artifacts` for what concerns the directory as a whole
 */
export async function seekArtifacts(
  directory: string,
  target: Target,
  visited: Set<string> = new Set(),
): Promise<Finding[]> {
  const root = await openRoot(directory);
  visited.add(directory);
  const entries = await entriesOf(directory);
  if (holdsArtifacts(entries)) {
    // What else lies below a flat directory need not be readable: /boot holds more than images.
    const tree = await targetsOf(root, entries).catch(() => []);
    if (tree.length > 0) throw mixed(directory, tree[0]!.directory);
    return [await findingOf(target, () => readTarget(root, directory, entries, target))];
  }
  const findings: Finding[] = [];
  for (const one of await targetsOf(root, entries, visited)) {
    findings.push(await findingOf(one, () => readTarget(root, one.directory, one.entries, one)));
  }
  if (findings.length === 0) throw nothingIn(directory, entries.length === 0);
  return findings;
}

/** What comes of looking for one channel and arch; a failure is a finding, too. */
export async function findingOf(
  { channel, arch }: Target,
  seek: () => Promise<ArtifactSet>,
): Promise<Finding> {
  try {
    return { channel, arch, found: await seek() };
  } catch (thrown) {
    return { channel, arch, found: toPlasmdError(thrown) };
  }
}

/** A directory of the tree that holds something. */
interface TreeTarget extends Target {
  readonly directory: string;
  readonly entries: readonly Deno.DirEntry[];
}

/** The directories `{channel}/{arch}` that hold artifacts; empty ones wait for their files. */
async function targetsOf(
  root: Root,
  entries: readonly Deno.DirEntry[],
  visited: Set<string> = new Set(),
): Promise<TreeTarget[]> {
  const targets = new Map<string, TreeTarget>();
  for (const entry of entries) {
    const directory = await directoryOf(root, root.given, entry);
    if (directory === undefined) continue;
    if (isChannel(entry.name)) visited.add(directory);
    for (const found of await archesOf(root, directory, entry.name, visited)) {
      const key = `${found.channel}/${found.arch}`;
      const other = targets.get(key);
      if (other !== undefined) throw twice(key, other.directory, found.directory);
      targets.set(key, found);
      if (targets.size > fileLimits.targets) throw tooMany(root.given);
    }
  }
  return [...targets.values()];
}

async function archesOf(
  root: Root,
  directory: string,
  channel: string,
  visited: Set<string>,
): Promise<TreeTarget[]> {
  const targets: TreeTarget[] = [];
  for (const entry of await channelEntries(directory, channel)) {
    const arch = archOf(entry.name);
    if (arch === undefined) continue;
    const path = await directoryOf(root, directory, entry);
    if (path === undefined) continue;
    visited.add(path);
    const entries = await entriesOf(path);
    if (!holdsArtifacts(entries)) continue;
    if (!isChannel(channel)) throw badChannel(directory, channel);
    targets.push({ channel, arch, directory: path, entries });
  }
  return targets;
}

/** A directory that can't be a channel need not be readable: `lost+found` isn't. */
async function channelEntries(directory: string, channel: string): Promise<Deno.DirEntry[]> {
  try {
    return await entriesOf(directory);
  } catch (thrown) {
    if (isChannel(channel)) throw thrown;
    return [];
  }
}

/** The path of an entry that is a directory or a link to one inside of the root. */
async function directoryOf(
  root: Root,
  parent: string,
  entry: Deno.DirEntry,
): Promise<string | undefined> {
  const path = join(parent, entry.name);
  if (entry.isDirectory) return entry.name.startsWith(".") ? undefined : path;
  // Only a name that could be a channel's or an arch's is worth following.
  if (!entry.isSymlink || !isChannel(entry.name)) return undefined;
  if (!(await isDirectory(path))) return undefined;
  const { path: real } = await followInside(root, path);
  return real;
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false; // where it matters, reading the target says what is wrong
  }
}

function mixed(directory: string, target: string): PlasmdError {
  return new PlasmdError(
    "artifacts",
    `"${printable(directory)}" holds artifacts, and so does "${printable(target)}" in it`,
    { hint: "use either one directory of files or a tree {channel}/{arch}" },
  );
}

function nothingIn(directory: string, empty: boolean): PlasmdError {
  const what = empty ? "it is empty" : "it has no file with an artifact's name";
  const names = Object.entries(knownNames).map(([name, known]) => `${name}: ${known}`);
  return new PlasmdError("artifacts", `No artifacts in "${printable(directory)}": ${what}`, {
    hint: [
      "put files there, or into {channel}/{arch} below it:",
      ...names,
      `arches: ${arches.join(", ")}`,
    ].join("\n"),
  });
}

function twice(key: string, first: string, second: string): PlasmdError {
  return new PlasmdError(
    "artifacts",
    `Two directories for ${key}: "${printable(first)}" and "${printable(second)}"`,
    { hint: "keep one of them" },
  );
}

function badChannel(directory: string, channel: string): PlasmdError {
  return new PlasmdError(
    "artifacts",
    `Cannot use "${printable(directory)}": "${printable(channel)}" is no name of a channel`,
    { hint: 'a channel has 1 to 32 of a-z, 0-9, ".", "_", "-"' },
  );
}

function tooMany(directory: string): PlasmdError {
  return new PlasmdError(
    "artifacts",
    `"${printable(directory)}" holds more than ${fileLimits.targets} channels and arches`,
  );
}
