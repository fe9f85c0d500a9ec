/**
 * A manifest of a directory, made once and without a provider: for publishers that sign on another
 * machine than the one that serves.
 *
 * @module
 */

import { type Manifest, parseManifest } from "../formats/manifest.ts";
import { canonicalBytes } from "../formats/json.ts";
import { manifestPrefix, sign } from "../formats/signed.ts";
import type { Identity } from "../identity/key_file.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import { hashAll } from "./hash_all.ts";
import { type HeldFile, holdFile, openArtifact } from "./open_file.ts";
import { chunkSizeFor, describeImage, type ImageHashes, type PublishOptions } from "./publish.ts";
import { checkSigner } from "./publisher_keys.ts";
import { type ArtifactSet, scanArtifacts } from "./scan.ts";

/** What to make a manifest of. */
export interface GenerateOptions extends PublishOptions {
  /** The artifacts directory, flat or a tree. */
  readonly directory: string;
  /** Whether channel and arch were asked for, so that no other ones will do. */
  readonly exactly: boolean;
  /** The key that signs; without it nobody has signed the manifest. */
  readonly identity?: Identity;
  readonly signal?: AbortSignal;
  /** Gets bytes hashed, bytes in all, and the artifact worked on. */
  readonly onProgress?: (done: number, total: number, label: string) => void;
}

/** A manifest and its canonical bytes. */
export interface Generated {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Makes the manifest of the artifacts in a directory.
 *
 * @throws {PlasmdError} `artifacts`, `config`, `failed`, `changed`, `io`, `permission`, `cancelled`
 */
export async function generateManifest(options: GenerateOptions, deps: Deps): Promise<Generated> {
  const { directory, identity, keyLists, signal } = options;
  if (identity !== undefined && keyLists !== undefined) checkSigner(keyLists, identity.keyid);
  const set = chooseSet(await scanArtifacts(directory, options), options);
  const hashes = await hashSet(set, options, deps);
  signal?.throwIfAborted();
  const { channel, arch } = set;
  const manifest = describeImage(hashes, { ...options, channel, arch }, deps.clock.now());
  const bytes = identity === undefined
    ? canonicalBytes(manifest)
    : sign(manifestPrefix, manifest, [identity]);
  return { manifest: parseManifest(bytes), bytes };
}

function chooseSet(sets: readonly ArtifactSet[], options: GenerateOptions): ArtifactSet {
  const { channel, arch, exactly, directory } = options;
  const asked = sets.find((set) => set.channel === channel && set.arch === arch);
  if (asked !== undefined) return asked;
  if (!exactly && sets.length === 1) return sets[0]!;
  throw new PlasmdError("artifacts", `No ${channel}/${arch} in "${printable(directory)}"`, {
    hint: "give --channel and --arch of one of these:\n" +
      sets.map((set) => `${set.channel}/${set.arch}`).join("\n"),
  });
}

async function hashSet(
  set: ArtifactSet,
  { directory, signal, onProgress }: GenerateOptions,
  deps: Deps,
): Promise<ImageHashes> {
  using held = new DisposableStack();
  const files = [...set.files].map(([name, path]) => [name, held.use(holdFile(path))] as const);
  const wanted = files.map(([label, file]) => ({ label, file, chunkSize: chunkSizeOf(file) }));
  const hashes = await hashAll(wanted, { directory, signal, onProgress }, deps);
  // A file that was replaced meanwhile would be described by a manifest that it doesn't fit.
  files.forEach(([name, file], i) => openArtifact(name, file, hashes[i]!));
  return new Map(files.map(([name], i) => [name, hashes[i]!]));
}

function chunkSizeOf({ stamp }: HeldFile): number {
  return chunkSizeFor(stamp.size);
}
