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
import { type ArtifactSet, regularFile } from "./target_dir.ts";

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
  const root = await openRoot(directory);
  const sets: ArtifactSet[] = [];
  for (const channel of channels) {
    for (const arch of channel.arches) sets.push(await namedSet(root, channel, arch));
    if (sets.length > fileLimits.targets) throw tooMany();
  }
  return sets;
}

async function namedSet(
  root: Root,
  { name, files }: NamedChannel,
  arch: Arch,
): Promise<ArtifactSet> {
  const own = join(root.given, name, arch);
  const places = [own, join(root.given, arch), root.given];
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
