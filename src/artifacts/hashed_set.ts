/**
 * The files of a channel and arch, held open and hashed: all that a manifest is chosen by.
 *
 * @module
 */

import type { ArtifactName } from "../formats/names.ts";
import type { Deps } from "../lib/deps.ts";
import { openHashCache, withKnown } from "./cache.ts";
import { type FoundManifest, readFound } from "./found.ts";
import type { FileHash } from "./hash.ts";
import { hashAll } from "./hash_all.ts";
import { type HeldFile, holdFile, openArtifact } from "./open_file.ts";
import { chunkSizeFor, type ImageHashes } from "./publish.ts";
import type { ArtifactSet } from "./scan.ts";
import type { OpenArtifact } from "./snapshot.ts";

/** Hashed files; disposing it closes each once nobody reads it any more. */
export interface HashedSet extends Disposable {
  readonly set: ArtifactSet;
  /** The manifest that lies beside them. */
  readonly found?: FoundManifest;
  readonly hashes: ImageHashes;
  readonly artifacts: ReadonlyMap<ArtifactName, OpenArtifact>;
}

/** How files are hashed. */
export interface HashSetsOptions {
  /** The artifacts directory. */
  readonly directory: string;
  /** Where the hash cache lies. */
  readonly stateDir: string;
  /** Our own keyid. */
  readonly keyid: string;
  /** Hashes that are known already, whatever the cache says. */
  readonly known?: Iterable<FileHash>;
  /** Bytes in all up to which no Worker is started for them. */
  readonly hereBytes?: number;
  readonly signal?: AbortSignal;
  /** Gets bytes hashed, bytes to hash, and the file worked on. */
  readonly onProgress?: (done: number, total: number, label: string) => void;
}

/** The open files of one channel and arch, before they are hashed. */
interface OpenSet {
  readonly set: ArtifactSet;
  readonly found?: FoundManifest;
  readonly held: DisposableStack;
  readonly files: readonly (readonly [ArtifactName, HeldFile])[];
}

/**
 * Opens and hashes the files of some channels and arches, in their order.
 *
 * @throws {PlasmdError} `changed` for a file that is being written, `untrusted`, `malformed`,
 *   `expired`, `wrong_target`, `not_yet_valid` for a manifest that lies there; `io`, `permission`,
 *   `cancelled`
 */
export async function hashSets(
  sets: readonly ArtifactSet[],
  options: HashSetsOptions,
  deps: Deps,
): Promise<HashedSet[]> {
  using failing = new DisposableStack();
  // Everything is opened first: what can't be read shows before anything is hashed for minutes.
  const open: OpenSet[] = [];
  for (const set of sets) open.push(failing.use(await openSet(set, options, deps)));
  const hashes = await hashOpen(open, options, deps);
  const hashed = open.map((one) => hashedSet(one, hashes));
  failing.move();
  return hashed;
}

async function openSet(
  set: ArtifactSet,
  { keyid }: HashSetsOptions,
  { clock }: Deps,
): Promise<OpenSet & Disposable> {
  const found = await readFound(set, keyid, clock.now());
  using failing = new DisposableStack();
  const files = [...set.files].map(([name, path]) => [name, failing.use(holdFile(path))] as const);
  const held = failing.move();
  return { set, found, files, held, [Symbol.dispose]: () => held.dispose() };
}

async function hashOpen(
  sets: readonly OpenSet[],
  { directory, stateDir, known = [], hereBytes, signal, onProgress }: HashSetsOptions,
  deps: Deps,
): Promise<ReadonlyMap<HeldFile, FileHash>> {
  const wanted = sets.flatMap(({ set, found, files }) =>
    files.map(([name, file]) => ({
      file,
      // A mirror checks the hashes of the chunks that the publisher signed.
      chunkSize: found?.manifest.artifacts[name]?.chunks.size ?? chunkSizeFor(file.stamp.size),
      label: sets.length === 1 ? name : `${set.channel}/${set.arch}/${name}`,
    }))
  );
  const cache = withKnown(await openHashCache(stateDir, deps), known);
  const hashes = await hashAll(wanted, { directory, cache, hereBytes, signal, onProgress }, deps);
  await cache.save();
  return new Map(wanted.map(({ file }, i) => [file, hashes[i]!]));
}

function hashedSet(
  { set, found, files, held }: OpenSet,
  hashes: ReadonlyMap<HeldFile, FileHash>,
): HashedSet {
  return {
    set,
    found,
    hashes: new Map(files.map(([name, file]) => [name, hashes.get(file)!])),
    artifacts: new Map(
      files.map(([name, file]) => [name, openArtifact(name, file, hashes.get(file)!)]),
    ),
    [Symbol.dispose]: () => held.dispose(),
  };
}
