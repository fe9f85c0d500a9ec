/**
 * A directory of artifacts → the snapshots that are served.
 *
 * @module
 */

import type { Arch, ArtifactName } from "../formats/names.ts";
import { parseTime } from "../formats/time.ts";
import type { Identity } from "../identity/key_file.ts";
import type { Deps } from "../lib/deps.ts";
import { type ErrorCode, toPlasmdError } from "../lib/errors.ts";
import { openHashCache } from "./cache.ts";
import { decideManifest } from "./decide.ts";
import { type FoundManifest, readFound } from "./found.ts";
import type { FileHash } from "./hash.ts";
import { hashAll } from "./hash_all.ts";
import { readKept, writeKept } from "./kept.ts";
import { type HeldFile, holdFile, openArtifact } from "./open_file.ts";
import { findNamed, type NamedChannel } from "./named.ts";
import { chunkSizeFor, type PublishOptions } from "./publish.ts";
import { type ArtifactSet, scanArtifacts, type Target } from "./scan.ts";
import type { Catalog, OpenArtifact, Snapshot } from "./snapshot.ts";

/** A channel whose files are named, and what its manifests say where the others say otherwise. */
export interface CatalogChannel extends NamedChannel {
  readonly cmdline?: string;
  readonly version?: string;
}

/** What is served, and as what. */
export interface CatalogOptions
  extends Target, Pick<PublishOptions, "cmdline" | "imageVersion" | "lifetimeMs"> {
  /** The artifacts directory. */
  readonly directory: string;
  /** Channels whose files are named; without them the directory says what it holds. */
  readonly channels?: readonly CatalogChannel[];
  /** Where the hash cache and the last signed manifests lie. */
  readonly stateDir: string;
  /** The key that signs what nobody has signed. */
  readonly identity: Identity;
  readonly signal?: AbortSignal;
  /** Gets bytes hashed, bytes to hash, and the file worked on. */
  readonly onProgress?: (done: number, total: number, label: string) => void;
}

/** What is wrong with a snapshot that is served. */
export interface CatalogProblem extends Target {
  /** The artifact, unless it is the manifest. */
  readonly artifact?: ArtifactName;
  readonly code: ErrorCode;
  readonly message: string;
}

/** A catalog that holds its files open until disposed. */
export interface OpenCatalog extends Catalog, AsyncDisposable {
  /** Looks at every open file and every manifest's expiry again. */
  check(): Promise<readonly CatalogProblem[]>;
}

/** The open files of one channel and arch, before they are hashed. */
interface OpenSet {
  readonly set: ArtifactSet;
  readonly found?: FoundManifest;
  readonly files: readonly (readonly [ArtifactName, HeldFile])[];
}

/**
 * Scans the directory, hashes what is new, and signs or takes over a manifest for each channel and
 * arch in it.
 *
 * @throws {PlasmdError} `artifacts` where no image can be made; `mismatch`, `untrusted`,
 *   `malformed`, `expired`, `wrong_target` for a manifest that lies there; `changed` for a file that
 *   is being written; `io`, `permission`, `config`, `cancelled`
 */
export async function openCatalog(options: CatalogOptions, deps: Deps): Promise<OpenCatalog> {
  const held = new DisposableStack();
  try {
    const sets = await openSets(options, held, deps);
    const hashes = await hashSets(sets, options, deps);
    const snapshots: Snapshot[] = [];
    for (const set of sets) snapshots.push(await snapshotOf(set, hashes, options, deps));
    return catalogOf(snapshots, options, held, deps);
  } catch (thrown) {
    held.dispose();
    throw thrown;
  }
}

/** Opens everything first: what can't be read shows before anything is hashed for minutes. */
async function openSets(
  options: CatalogOptions,
  held: DisposableStack,
  { clock }: Deps,
): Promise<OpenSet[]> {
  const sets: OpenSet[] = [];
  for (const set of await findSets(options)) {
    const found = await readFound(set, options.identity.keyid, clock.now());
    const files = [...set.files].map(([name, path]) => [name, held.use(holdFile(path))] as const);
    sets.push({ set, found, files });
  }
  return sets;
}

function findSets(options: CatalogOptions): Promise<ArtifactSet[]> {
  const { directory, channels } = options;
  return channels === undefined
    ? scanArtifacts(directory, options)
    : findNamed(directory, channels);
}

async function hashSets(
  sets: readonly OpenSet[],
  options: CatalogOptions,
  deps: Deps,
): Promise<ReadonlyMap<HeldFile, FileHash>> {
  const { directory, stateDir, signal, onProgress } = options;
  const wanted = sets.flatMap(({ set, found, files }) =>
    files.map(([name, file]) => ({
      file,
      // A mirror checks the hashes of the chunks that the publisher signed.
      chunkSize: found?.manifest.artifacts[name]?.chunks.size ?? chunkSizeFor(file.stamp.size),
      label: sets.length === 1 ? name : `${set.channel}/${set.arch}/${name}`,
    }))
  );
  const cache = await openHashCache(stateDir, deps);
  const hashes = await hashAll(wanted, { directory, cache, signal, onProgress }, deps);
  await cache.save();
  return new Map(wanted.map(({ file }, i) => [file, hashes[i]!]));
}

async function snapshotOf(
  { set, found, files }: OpenSet,
  hashes: ReadonlyMap<HeldFile, FileHash>,
  options: CatalogOptions,
  deps: Deps,
): Promise<Snapshot> {
  const { identity, stateDir } = options;
  const { channel, arch } = set;
  const artifacts = new Map(
    files.map(([name, file]) => [name, openArtifact(name, file, hashes.get(file)!)]),
  );
  const now = deps.clock.now();
  const decision = decideManifest({
    hashes: new Map(files.map(([name, file]) => [name, hashes.get(file)!])),
    found,
    kept: await readKept(stateDir, set, deps),
    identity,
    wanted: wantedFor(set, options),
    now,
  }, deps);
  const { verified: manifest, signed } = decision;
  if (signed) await writeKept(stateDir, set, manifest.bytes, deps);
  return { channel, arch, manifest, artifacts: servedOf(artifacts, manifest), madeAt: now };
}

/** What the channel says of itself comes before what is said for all. */
function wantedFor({ channel, arch }: Target, options: CatalogOptions): PublishOptions {
  const { cmdline, imageVersion, lifetimeMs, channels = [] } = options;
  const own = channels.find(({ name }) => name === channel);
  return {
    channel,
    arch,
    cmdline: own?.cmdline ?? cmdline,
    imageVersion: own?.version ?? imageVersion,
    lifetimeMs,
  };
}

/** Only what the manifest names is served: nothing else was signed. */
function servedOf(
  artifacts: ReadonlyMap<ArtifactName, OpenArtifact>,
  { manifest }: Snapshot["manifest"],
): ReadonlyMap<ArtifactName, OpenArtifact> {
  return new Map([...artifacts].filter(([name]) => manifest.artifacts[name] !== undefined));
}

function catalogOf(
  snapshots: readonly Snapshot[],
  target: Target,
  held: DisposableStack,
  { clock }: Deps,
): OpenCatalog {
  const blobs = new Map(
    snapshots.flatMap(({ artifacts }) => [...artifacts.values()])
      .map((artifact) => [artifact.digest, artifact]),
  );
  const find = (channel: string, arch: Arch) =>
    snapshots.find((one) => one.channel === channel && one.arch === arch);
  const chosen = find(target.channel, target.arch) ??
    // DESIGN 14: the flags choose; where there is only one image, there is nothing to choose.
    (snapshots.length === 1 ? snapshots[0] : undefined);
  return {
    default: chosen && { channel: chosen.channel, arch: chosen.arch },
    list: () => snapshots,
    find,
    blob: (digest) => blobs.get(digest),
    check: async () =>
      (await Promise.all(snapshots.map((one) => problemsOf(one, clock.now())))).flat(),
    [Symbol.asyncDispose]() {
      held.dispose();
      return Promise.resolve();
    },
  };
}

async function problemsOf(snapshot: Snapshot, now: number): Promise<CatalogProblem[]> {
  const { channel, arch, artifacts, manifest: { manifest } } = snapshot;
  const problems: CatalogProblem[] = [];
  for (const [artifact, open] of artifacts) {
    try {
      await open.check();
    } catch (thrown) {
      const { code, message } = toPlasmdError(thrown);
      problems.push({ channel, arch, artifact, code, message });
    }
  }
  if (parseTime(manifest.expires_at)! <= now) {
    const message = `The manifest of ${channel}/${arch} has expired at ${manifest.expires_at}`;
    problems.push({ channel, arch, code: "expired", message });
  }
  return problems;
}
