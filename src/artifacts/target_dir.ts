/**
 * One directory with the artifacts of one channel and arch.
 *
 * @module
 */

import { join } from "node:path";
import { type Arch, type ArtifactName, artifactNames } from "../formats/names.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { fileLimits, formatLimits } from "../lib/limits.ts";
import { bytesText, printable } from "../lib/text.ts";
import { followInside, type Root } from "./inside.ts";
import { artifactNamed, knownNames, manifestName } from "./known_names.ts";

/** The files from which the image of one channel and arch is made. */
export interface ArtifactSet {
  readonly channel: string;
  readonly arch: Arch;
  /** Where they lie. */
  readonly directory: string;
  /** Each artifact's file, without links; a kernel is always there. */
  readonly files: ReadonlyMap<ArtifactName, string>;
  /** A manifest that lies beside them. */
  readonly manifestFile?: string;
}

/**
 * The entries of a directory, sorted by name.
 *
 * @throws {PlasmdError} `artifacts` where it can't be listed, or has too many
 */
export async function entriesOf(directory: string): Promise<Deno.DirEntry[]> {
  const entries: Deno.DirEntry[] = [];
  try {
    for await (const entry of Deno.readDir(directory)) {
      entries.push(entry);
      if (entries.length > fileLimits.directoryEntries) {
        throw new PlasmdError(
          "artifacts",
          `Cannot use "${printable(directory)}": it has more than ${fileLimits.directoryEntries} ` +
            "entries",
          { hint: "give a directory that holds the artifacts and little else" },
        );
      }
    }
  } catch (thrown) {
    if (thrown instanceof PlasmdError) throw thrown;
    // Whatever the reason, another directory or other rights on it are the way out.
    const { message } = toPlasmdError(thrown, `Cannot list "${printable(directory)}"`);
    throw new PlasmdError("artifacts", message, { cause: thrown });
  }
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Whether any of the entries is an artifact or a manifest. */
export function holdsArtifacts(entries: readonly Deno.DirEntry[]): boolean {
  return entries.some((entry) =>
    !entry.isDirectory && (entry.name === manifestName || artifactNamed(entry.name) !== undefined)
  );
}

/**
 * Finds the artifacts among the entries of one directory.
 *
 * @throws {PlasmdError} `artifacts` where one is there twice, is no regular file, is empty, too
 *   large or a link out of the root, or where there is no kernel; `io`, `permission`
 */
export async function readTarget(
  root: Root,
  directory: string,
  entries: readonly Deno.DirEntry[],
  { channel, arch }: { channel: string; arch: Arch },
): Promise<ArtifactSet> {
  const files = new Map<ArtifactName, string>();
  for (const name of artifactNames) {
    const file = await oneFile(root, directory, entries, name);
    if (file !== undefined) files.set(name, file);
  }
  if (!files.has("kernel")) {
    throw new PlasmdError("artifacts", `No kernel in "${printable(directory)}"`, {
      hint: `a kernel is named ${knownNames.kernel}`,
    });
  }
  const manifest = entries.find((entry) => entry.name === manifestName && !entry.isDirectory);
  if (manifest === undefined) return { channel, arch, directory, files };
  const manifestFile = await regularFile(root, join(directory, manifestName));
  return { channel, arch, directory, files, manifestFile };
}

/** The one file of an artifact; a link beside the file to which it leads is no second one. */
async function oneFile(
  root: Root,
  directory: string,
  entries: readonly Deno.DirEntry[],
  name: ArtifactName,
): Promise<string | undefined> {
  const matches = entries.filter((entry) =>
    !entry.isDirectory && artifactNamed(entry.name) === name
  );
  const found = new Map<string, string>();
  for (const { name: match } of matches) {
    found.set(await regularFile(root, join(directory, match)), match);
  }
  if (found.size > 1) {
    const list = matches.map((match) => `"${printable(match.name)}"`).join(", ");
    throw new PlasmdError(
      "artifacts",
      `More than one ${name} in "${printable(directory)}": ${list}`,
      { hint: `keep one of them there (${name}: ${knownNames[name]})` },
    );
  }
  return [...found.keys()][0];
}

/**
 * The path without links of a file that can be an artifact.
 *
 * @throws {PlasmdError} `artifacts` where it is no regular file, empty, too large or a link out of
 *   the root; `io`, `permission`
 */
export async function regularFile(root: Root, path: string): Promise<string> {
  const { path: real, info } = await followInside(root, path);
  const problem = !info.isFile
    ? "it is not a regular file"
    : info.size === 0
    ? "it is empty"
    : info.size > formatLimits.artifactBytes
    ? `size is ${bytesText(info.size)}, limit is ${bytesText(formatLimits.artifactBytes)}`
    : undefined;
  if (problem === undefined) return real;
  throw new PlasmdError("artifacts", `Cannot serve "${printable(path)}": ${problem}`);
}
