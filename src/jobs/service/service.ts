/**
 * Jobs for others: joins the parts, and starts and ends them in order.
 *
 * @module
 */

import { openJobCancel } from "../../formats/job_cancel.ts";
import type { Deps } from "../../lib/deps.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobServiceLimits } from "../../lib/limits.ts";
import { openBlobs } from "./blob_store.ts";
import { makeClaims } from "./claim.ts";
import { type Database, openDatabase } from "./database.ts";
import { makeEndings } from "./endings.ts";
import { followJob, waitFor } from "./follow.ts";
import { makeIntake } from "./intake.ts";
import { makeKept } from "./kept.ts";
import { makeNotices } from "./notices.ts";
import { type JobPlaces, makePlaces } from "./places.ts";
import { makeQueue } from "./queue.ts";
import { makeRunner } from "./runner.ts";
import { outputOf, statusOf } from "./status.ts";
import { makeStore } from "./store.ts";
import type { JobService, JobServiceOptions, JobStatus, LiveJobOptions } from "./types.ts";
import { keepUp, overdue, recover } from "./upkeep.ts";
import { openUploads } from "./uploads.ts";

export type { JobService, JobServiceOptions, JobStatus, LiveJobOptions } from "./types.ts";

/**
 * Opens the service, goes on with what an earlier run left, and starts running jobs.
 *
 * @throws {PlasmdError} `config` for options that can't work, `unsupported` where a later version
 * kept the state, `io`, `permission` or `no_space`
 */
export async function openJobService(options: JobServiceOptions, deps: Deps): Promise<JobService> {
  let live = checkLive(options);
  const places = await makePlaces(options.stateDir);
  await using owned = new AsyncDisposableStack();
  const database = owned.use(await openDatabase(places.database));
  const parts = joinParts(options, { database, places, live: () => live }, deps);
  const { store, runner, notices, uploads, claims, blobs, intake, queue, endings, kept } = parts;
  owned.defer(() => notices.close());
  owned.use(runner);
  await recover(parts);
  const stop = new AbortController();
  const upkeep = keepUp(parts, stop.signal, deps);
  const transfers = makeTransfers(stop.signal);
  owned.defer(async () => {
    stop.abort();
    await Promise.all([upkeep, transfers.ended()]);
  });
  const held = owned.move();

  const status = (id: string): JobStatus | undefined => {
    const job = store.find(id);
    return job && statusOf(job, parts);
  };
  const output: JobService["output"] = (id, stream) => {
    const job = store.find(id);
    return job && outputOf(job, stream, parts);
  };
  const attempts = (id: string) => store.find(id)?.attempts ?? 0;
  const taken = (submitter: string, digest: string) => {
    if (blobs.has({ submitter, digest })) intake.stored({ submitter, digest });
  };
  return {
    async submit(bytes) {
      return status(await intake.submit(bytes))!;
    },
    put: (digest, size, body, { signal, job }) =>
      transfers.track(signal, async (both) => {
        const { submitter, held } = claims(digest, size, job);
        if (held) return;
        await uploads.put({ submitter, digest }, size, body, { signal: both });
        taken(submitter, digest);
      }),
    putRange: (digest, range, bytes, { signal, job }) =>
      transfers.track(signal, async () => {
        const { submitter, held } = claims(digest, range.size, job);
        if (held) return { have: range.size, complete: true };
        const progress = await uploads.putRange({ submitter, digest }, range, bytes);
        taken(submitter, digest);
        return progress;
      }),
    progress: (digest, { job }) =>
      transfers.track(stop.signal, async () => {
        const { submitter } = claims(digest, undefined, job);
        return await uploads.progress({ submitter, digest });
      }),
    status,
    wait: (id, { signal }) => waitFor(id, signal, { status, notices }),
    output,
    receipt: (id) => store.receipt(id),
    // deno-lint-ignore require-await -- what it throws comes as a rejection
    async cancel(bytes) {
      const { job_id: id, submitter } = openJobCancel(bytes);
      const job = store.find(id);
      if (job === undefined) throw new PlasmdError("not_found", "There is no such job");
      // DESIGN 11: cancelled by the submitter, and by nobody else.
      if (job.submitter !== submitter) {
        throw new PlasmdError("forbidden", "Only its submitter can cancel a job");
      }
      if (job.completedAt === undefined && !job.cancelled) runner.cancel(job);
      return status(id)!;
    },
    events: (id, { from, signal }) =>
      followJob(id, { from, signal }, { status, output, attempts, notices }),
    report() {
      const [waiting, queued, running] = [store.count("waiting"), queue.size, runner.running];
      return {
        concurrency: live.concurrency,
        waiting,
        queued,
        running,
        kept: kept.all.jobs,
        ended: { ...endings.counts },
        blobBytes: blobs.bytes(),
        outputBytes: kept.all.bytes,
        load: Math.min(100, Math.round(50 * (running + queued) / live.concurrency)),
        limits: live.limits,
        submitters: live.allow.size,
      };
    },
    reload(next) {
      live = checkLive(next);
      for (const job of store.live()) {
        if (job.state !== "running") parts.mayStart(job);
      }
      runner.pump();
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** The options that can change, checked. */
interface Live extends Omit<LiveJobOptions, "allow"> {
  readonly allow: ReadonlySet<string>;
}

function checkLive({ allow, concurrency, limits }: LiveJobOptions): Live {
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new PlasmdError("config", `Cannot run ${concurrency} jobs at once`);
  }
  if (allow.length > jobServiceLimits.submitters) {
    const most = jobServiceLimits.submitters;
    throw new PlasmdError("config", `Too many submitters: ${allow.length}, the limit is ${most}`);
  }
  return { allow: new Set(allow), concurrency, limits: { ...limits } };
}

/** What the parts are joined around. */
interface Core {
  readonly database: Database;
  readonly places: JobPlaces;
  readonly live: () => Live;
}

function joinParts(
  { identity, run }: JobServiceOptions,
  { database, places, live }: Core,
  deps: Deps,
) {
  const store = makeStore(database);
  const queue = makeQueue();
  const notices = makeNotices();
  const blobs = openBlobs(places.blobs, database, deps);
  const uploads = openUploads(places.uploads, blobs, deps);
  const claims = makeClaims(database, blobs);
  const outputDirectory = places.output;
  const kept = makeKept(store, outputDirectory, deps);
  const endings = makeEndings({ store, kept, notices, identity }, deps);
  const allow = () => live().allow;
  /** Ends a job that must not start any more. */
  const mayStart = (job: Parameters<typeof overdue>[0]) => {
    const late = overdue(job, deps.clock.now());
    const gone = !allow().has(job.submitter);
    if (late === undefined && !gone) return true;
    queue.remove(job);
    if (late !== undefined) endings.fail(job, "lost", late);
    else {
      const detail = "Its submitter is not allowed any more";
      endings.fail(job, "refused", { code: "forbidden", detail });
    }
    return false;
  };
  const concurrency = () => live().concurrency;
  const runner = makeRunner(
    { store, blobs, queue, endings, notices, outputDirectory, run, concurrency, mayStart },
    deps,
  );
  const limits = () => live().limits;
  const self = identity.keyid;
  const intake = makeIntake(
    { database, store, kept, endings, notices, runner, self, allow, limits },
    deps,
  );
  return {
    database,
    store,
    queue,
    notices,
    blobs,
    uploads,
    claims,
    kept,
    endings,
    runner,
    intake,
    mayStart,
    outputDirectory,
  };
}

/** Uploads that are on their way, so that the end of the service can wait for them. */
function makeTransfers(stopping: AbortSignal) {
  const all = new Set<Promise<unknown>>();
  return {
    track<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
      const both = AbortSignal.any([signal, stopping]);
      if (stopping.aborted) {
        return Promise.reject(new PlasmdError("cancelled", "The worker is being stopped"));
      }
      const promise = work(both);
      const settled = promise.catch(() => {}).finally(() => all.delete(settled));
      all.add(settled);
      return promise;
    },
    ended: () => Promise.all(all),
  };
}
