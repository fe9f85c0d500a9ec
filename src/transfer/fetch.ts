/**
 * Takes the artifacts of a verified manifest from providers that nobody has to trust. Everything is
 * fetched beside its final name; only when all of it is verified do the names change.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { type ArtifactName, artifactNames } from "../formats/names.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
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
import { publish } from "./publish.ts";
import { type FetchReport, reportOf } from "./report.ts";
import type { Origin, Wanted } from "./source.ts";
import { makeRateLimit, type RateLimit } from "./speed.ts";

export type { Dropped, FetchedFile, FetchReport } from "./report.ts";

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
  await publish(verified, started.map((job) => job.wanted.name), options.output);
  const fetched = new Map(started.map((job) => [job.wanted.name, job.missing]));
  return reportOf(wanted, fetched, pool, options.output);
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
