/**
 * Takes the artifacts of a verified manifest from providers that nobody has to trust. Everything is
 * fetched beside its final name; only when all of it is verified do the names change.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { type ArtifactName, artifactNames } from "../formats/names.ts";
import { equalBytes } from "../lib/bytes.ts";
import type { Deps } from "../lib/deps.ts";
import { type ErrorCode, PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere, syncDirectory, writeAtomic } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import type { VerifiedManifest } from "../trust/verified.ts";
import { chunkCount } from "../formats/manifest.ts";
import { createPlan, prefix } from "./chunk.ts";
import { download } from "./download.ts";
import { startFollower } from "./follow.ts";
import { chunkRange } from "./lane.ts";
import { limitsOf, type TransferLimits } from "./limits.ts";
import { type FreeBytes, openOutput, requireSpace } from "./output.ts";
import { isArtifact, openPart, type PartFile, partPath } from "./part_file.ts";
import { makePool, type OnDrop, type Pool } from "./pool.ts";
import type { Origin, Wanted } from "./source.ts";
import { makeRateLimit, type RateLimit } from "./speed.ts";

/** What to fetch, and how. */
export interface FetchOptions {
  /** Providers that have served this manifest, best first. DESIGN 9: nobody else is asked. */
  readonly origins: readonly Origin[];
  /** The directory for the files. */
  readonly output: string;
  /** Which artifacts; all of the manifest unless given. */
  readonly artifacts?: readonly ArtifactName[];
  /** Bytes a second, at most. */
  readonly limitRate?: number;
  readonly signal: AbortSignal;
  /** Told how many bytes of how many are there, and of which file. */
  readonly onProgress?: (done: number, total: number, label: string) => void;
  readonly onDrop?: OnDrop;
  readonly limits?: Partial<TransferLimits>;
  readonly freeBytes?: FreeBytes;
}

/** A file of the image. */
export interface FetchedFile {
  readonly name: ArtifactName;
  readonly path: string;
  readonly size: number;
  readonly hash: string;
  /** Bytes that came over the network now; the rest was there already. */
  readonly fetched: number;
}

/** A provider that was given up, and why. */
export interface Dropped {
  readonly name: string;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** What a fetch did. */
export interface FetchReport {
  readonly files: readonly FetchedFile[];
  /** Bytes that came over the network. */
  readonly bytes: number;
  /** The providers whose chunks were used. */
  readonly providers: readonly { readonly name: string; readonly bytes: number }[];
  readonly dropped: readonly Dropped[];
}

/** A file on its way. */
interface Job {
  readonly wanted: Wanted;
  readonly part: PartFile;
  /** Chunks that an earlier fetch left. */
  readonly there: readonly number[];
  /** Bytes that are still to be fetched. */
  readonly missing: number;
}

/** What all jobs share. */
interface Shared {
  readonly options: FetchOptions;
  readonly limits: TransferLimits;
  readonly pool: Pool;
  readonly rate: RateLimit;
  readonly progress: (bytes: number, label: string) => void;
}

/**
 * Fetches the artifacts into the output directory as `kernel`, `initramfs` and `rootfs`, then
 * `manifest.json`, which so marks that all is there. Whole files that are right are kept, partial
 * ones gone on with.
 *
 * @throws {PlasmdError} `transfer` where no provider is left; `no_space`, `permission`, `io` and
 * `busy` for the directory; `mismatch` where the manifest contradicts itself; the signal's reason
 */
export async function fetchArtifacts(
  verified: VerifiedManifest,
  options: FetchOptions,
  deps: Deps,
): Promise<FetchReport> {
  const limits = limitsOf(options.limits);
  const wanted = wantedOf(verified, options.artifacts);
  using _held = await openOutput(options.output);
  await using jobs = new AsyncDisposableStack();
  const started = await prepare(wanted, options, jobs);
  await requireRoom(started, options, limits);
  const pool = makePool(options.origins, limits, deps, options.onDrop);
  const shared: Shared = {
    options,
    limits,
    pool,
    rate: makeRateLimit(options.limitRate, deps.clock),
    progress: counter(wanted, started, options),
  };
  for (const job of started) await runJob(job, shared, deps);
  await publish(verified, started, options.output);
  return reportOf(wanted, started, pool, options.output);
}

function wantedOf({ manifest }: VerifiedManifest, names?: readonly ArtifactName[]): Wanted[] {
  return artifactNames.filter((name) => names?.includes(name) ?? true).flatMap((name) => {
    const artifact = manifest.artifacts[name];
    if (artifact !== undefined) return [{ name, artifact }];
    if (names === undefined) return [];
    throw new PlasmdError("usage", `The manifest has no "${name}"`, {
      hint: `it has ${artifactNames.filter((known) => manifest.artifacts[known]).join(", ")}`,
    });
  });
}

/** Looks at what is there: whole files are done, partial ones are opened, their chunks checked. */
async function prepare(
  wanted: readonly Wanted[],
  { output, signal, onProgress }: FetchOptions,
  stack: AsyncDisposableStack,
): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const each of wanted) {
    let checked = 0;
    const check = {
      signal,
      onChecked: (bytes: number) =>
        onProgress?.(checked += bytes, each.artifact.size, `${each.name} (checking)`),
    };
    if (await isArtifact(join(output, each.name), each.artifact, check) === "yes") {
      await fs.rm(partPath(output, each.name), { force: true }); // Of another image.
      continue;
    }
    checked = 0;
    const part = stack.use(await openPart(output, each.name));
    const there = await part.goodChunks(each.artifact, check);
    const bytes = there.map((index) => chunkRange(each, index)).reduce(
      (sum, { start, end }) => sum + end - start,
      0,
    );
    jobs.push({ wanted: each, part, there, missing: each.artifact.size - bytes });
  }
  return jobs;
}

async function requireRoom(jobs: readonly Job[], options: FetchOptions, limits: TransferLimits) {
  let bytes = 0;
  for (const { wanted, part } of jobs) {
    bytes += Math.max(0, wanted.artifact.size - await part.allocated());
  }
  await requireSpace(options.output, bytes, limits.freeBytes, options.freeBytes);
}

function counter(wanted: readonly Wanted[], jobs: readonly Job[], options: FetchOptions) {
  const total = wanted.reduce((sum, { artifact }) => sum + artifact.size, 0);
  let done = total - jobs.reduce((sum, { missing }) => sum + missing, 0);
  return (bytes: number, label: string) => options.onProgress?.(done += bytes, total, label);
}

/** Fetches one file and checks the hash of the whole. It keeps its unfinished name. */
async function runJob({ wanted, part, there }: Job, shared: Shared, deps: Deps): Promise<void> {
  const { limits, options, pool, rate, progress } = shared;
  const plan = createPlan(chunkCount(wanted.artifact), there);
  const written = createPlan(chunkCount(wanted.artifact), there).done;
  using follower = startFollower(part.path, wanted, limits.followBytes);
  let reached = 0;
  const follow = () => {
    const before = reached;
    reached = prefix({ done: written }, reached);
    if (reached > before) follower.reached(chunkRange(wanted, reached - 1).end);
  };
  follow();
  progress(0, wanted.name);
  const onWritten = (lane: number, index: number, bytes: number) => {
    written[index] = 1;
    pool.succeeded(pool.members[lane]!, bytes);
    progress(bytes, wanted.name);
    follow();
  };
  const heldBack = options.limitRate !== undefined;
  const { signal } = options;
  await download({ wanted, plan, part, rate, onWritten, pool, limits, heldBack, signal }, deps);
  const checked = checkWhole(follower, part, signal);
  checked.catch(() => {}); // It is awaited once the disk has everything.
  await part.seal(wanted.artifact.size);
  await checked;
}

async function checkWhole(
  follower: { check(signal: AbortSignal): Promise<void> },
  part: PartFile,
  signal: AbortSignal,
): Promise<void> {
  try {
    await follower.check(signal);
  } catch (thrown) {
    // Each chunk is right and the whole isn't: going on with this file can't help.
    if (toPlasmdError(thrown).code === "mismatch") await fs.unlink(part.path);
    throw thrown;
  }
}

/**
 * Gives all files their names. The manifest of an older image goes first and the new one comes
 * last, so that a manifest never lies beside files that aren't its own.
 */
async function publish(
  { bytes }: VerifiedManifest,
  jobs: readonly Job[],
  output: string,
): Promise<void> {
  const path = join(output, "manifest.json");
  try {
    const old = await readBoundedIfThere(path, formatLimits.manifestBytes).catch(() => null);
    const same = old instanceof Uint8Array && equalBytes(old, bytes);
    if (old !== undefined && !same) await fs.unlink(path);
    for (const { wanted } of jobs) {
      await fs.rename(partPath(output, wanted.name), join(output, wanted.name));
    }
    await syncDirectory(output);
    if (!same) await writeAtomic(path, bytes);
  } catch (thrown) {
    throw toPlasmdError(thrown, `Cannot put the image into "${output}"`);
  }
}

function reportOf(
  wanted: readonly Wanted[],
  jobs: readonly Job[],
  pool: Pool,
  output: string,
): FetchReport {
  const files = wanted.map(({ name, artifact: { size, hash } }): FetchedFile => ({
    name,
    path: join(output, name),
    size,
    hash,
    fetched: jobs.find((job) => job.wanted.name === name)?.missing ?? 0,
  }));
  return {
    files,
    bytes: files.reduce((sum, { fetched }) => sum + fetched, 0),
    providers: pool.members.filter(({ bytes }) => bytes > 0)
      .map(({ origin, bytes }) => ({ name: origin.name, bytes })),
    dropped: pool.members.flatMap(({ origin, dropped }) =>
      dropped ? [{ name: origin.name, code: dropped.code, reason: dropped.message }] : []
    ),
  };
}
