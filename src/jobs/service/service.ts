/**
 * Jobs for others: joins the parts, and starts and ends them in order.
 *
 * @module
 */

import { openJobCancel } from "../../formats/job_cancel.ts";
import type { Deps } from "../../lib/deps.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { openDatabase } from "./database.ts";
import { followJob, waitFor } from "./follow.ts";
import { checkLive, joinParts, type ServiceParts } from "./parts.ts";
import { makePlaces } from "./places.ts";
import { outputOf, statusOf } from "./status.ts";
import type { JobService, JobServiceOptions, JobsReport, JobStatus } from "./types.ts";
import { keepUp, recover } from "./upkeep.ts";

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
  owned.defer(() => parts.notices.close());
  owned.use(parts.runner);
  await recover(parts);
  const stop = new AbortController();
  const upkeep = keepUp(parts, stop.signal, deps);
  const transfers = makeTransfers(stop.signal);
  owned.defer(async () => {
    stop.abort();
    await Promise.all([upkeep, transfers.ended()]);
  });
  const held = owned.move();
  return {
    ...inputOf(parts, transfers, stop.signal),
    ...resultsOf(parts),
    report: () => reportOf(live, parts),
    reload(next) {
      live = checkLive(next);
      for (const job of parts.store.live()) {
        if (job.state !== "running") parts.mayStart(job);
      }
      parts.runner.pump();
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** How jobs and their input come in, and how they are ended. */
function inputOf(
  parts: ServiceParts,
  transfers: Transfers,
  stopping: AbortSignal,
): Pick<JobService, "submit" | "put" | "putRange" | "progress" | "cancel"> {
  const { store, runner, uploads, claims, blobs, intake } = parts;
  const status = (id: string) => statusOf(store.find(id)!, parts);
  const taken = (submitter: string, digest: string) => {
    if (blobs.has({ submitter, digest })) intake.stored({ submitter, digest });
  };
  return {
    async submit(bytes) {
      return status(await intake.submit(bytes));
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
      transfers.track(stopping, async () => {
        const { submitter } = claims(digest, undefined, job);
        return await uploads.progress({ submitter, digest });
      }),
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
      return status(id);
    },
  };
}

/** What came of jobs. */
function resultsOf(
  parts: ServiceParts,
): Pick<JobService, "status" | "wait" | "output" | "receipt" | "events"> {
  const { store, notices } = parts;
  const status = (id: string): JobStatus | undefined => {
    const job = store.find(id);
    return job && statusOf(job, parts);
  };
  const output: JobService["output"] = (id, stream) => {
    const job = store.find(id);
    return job && outputOf(job, stream, parts);
  };
  const attempts = (id: string) => store.find(id)?.attempts ?? 0;
  return {
    status,
    output,
    wait: (id, { signal }) => waitFor(id, signal, { status, notices }),
    receipt: (id) => store.receipt(id),
    events: (id, { from, signal }) =>
      followJob(id, { from, signal }, { status, output, attempts, notices }),
  };
}

function reportOf(
  { concurrency, limits, allow }: ReturnType<typeof checkLive>,
  { store, queue, runner, kept, endings, blobs }: ServiceParts,
): JobsReport {
  const [waiting, queued, running] = [store.count("waiting"), queue.size, runner.running];
  return {
    concurrency,
    waiting,
    queued,
    running,
    kept: kept.all.jobs,
    ended: { ...endings.counts },
    blobBytes: blobs.bytes(),
    outputBytes: kept.all.bytes,
    // All places taken is half; as many again that wait is full.
    load: Math.min(100, Math.round(50 * (running + queued) / concurrency)),
    limits,
    submitters: allow.size,
  };
}

/** Uploads that are on their way. */
interface Transfers {
  /** Runs one; its signal aborts with the caller's, and with the end of the service. */
  track<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Resolves when all have ended. */
  ended(): Promise<unknown>;
}

/** Uploads that are on their way, so that the end of the service can wait for them. */
function makeTransfers(stopping: AbortSignal): Transfers {
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
