/**
 * Artifacts that provider.toml names file by file. DESIGN 6.
 *
 * @module
 */

import { join } from "node:path";
import { type Arch, type ArtifactName, artifactNames } from "../formats/names.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { fileLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { openRoot, type Root } from "./inside.ts";
import { manifestName } from "./known_names.ts";
import { type ArtifactSet, everySet, type Finding, findingOf, type Target } from "./scan.ts";
import { regularFile } from "./target_dir.ts";

/** A channel whose files are named. */
export interface NamedChannel {
  readonly name: string;
  readonly arches: readonly Arch[];
  readonly files: Readonly<Partial<Record<ArtifactName, string>> & { readonly kernel: string }>;
}

/**
 * Finds the named files of each channel and arch: in `{channel}/{arch}/`, then `{arch}/`, then the
 * directory itself.
 *
 * @throws {PlasmdError} `artifacts` for a file that is nowhere, or that can't be served
 */
export async function findNamed(
  directory: string,
  channels: readonly NamedChannel[],
): Promise<ArtifactSet[]> {
  return everySet(await seekNamed(directory, channels));
}

/**
 * Like {@linkcode findNamed}, but what is wrong with one channel and arch doesn't hide the others.
 *
 * @param visited gets the directories that were looked into
 * @throws {PlasmdError} `artifacts` for what concerns the directory as a whole
 */
export async function seekNamed(
  directory: string,
  channels: readonly NamedChannel[],
  visited: Set<string> = new Set(),
): Promise<Finding[]> {
  const root = await openRoot(directory);
  const findings: Finding[] = [];
  for (const channel of channels) {
    for (const arch of channel.arches) {
      const target = { channel: channel.name, arch };
      for (const place of placesOf(root, target)) if (await exists(place)) visited.add(place);
      findings.push(await findingOf(target, () => namedSet(root, channel, arch)));
    }
    if (findings.length > fileLimits.targets) throw tooMany();
  }
  return findings;
}

/** Where a channel's files may lie for an arch, the most particular place first. */
function placesOf({ given }: Root, { channel, arch }: Target): [string, string, string] {
  return [join(given, channel, arch), join(given, arch), given];
}

async function namedSet(
  root: Root,
  { name, files }: NamedChannel,
  arch: Arch,
): Promise<ArtifactSet> {
  const places = placesOf(root, { channel: name, arch });
  const [own] = places;
  const found = new Map<ArtifactName, string>();
  for (const artifact of artifactNames) {
    const file = files[artifact];
    if (file !== undefined) found.set(artifact, await firstOf(root, places, file, name));
  }
  const manifest = join(own, manifestName);
  const manifestFile = await exists(manifest) ? await regularFile(root, manifest) : undefined;
  return { channel: name, arch, directory: own, files: found, manifestFile };
}

async function firstOf(
  root: Root,
  places: readonly string[],
  file: string,
  channel: string,
): Promise<string> {
  for (const place of places) {
    const path = join(place, file);
    if (await exists(path)) return await regularFile(root, path);
  }
  throw new PlasmdError("artifacts", `No file "${printable(file)}" for the channel ${channel}`, {
    hint: `looked in ${places.map((place) => printable(place)).join(", ")}`,
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw toPlasmdError(thrown, `Cannot read "${printable(path)}"`);
  }
}

function tooMany(): PlasmdError {
  return new PlasmdError(
    "artifacts",
    `More than ${fileLimits.targets} channels and arches are configured`,
  );
}
