/**
 * What time does to jobs: they expire, wait in vain, and are forgotten; and what a crash left is put
 * in order.
 *
 * @module
 */

import type { Deps } from "../../lib/deps.ts";
import { toPlasmdError } from "../../lib/errors.ts";
import { jobServiceLimits as limits } from "../../lib/limits.ts";
import { durationText } from "../../lib/text.ts";
import type { BlobKey, BlobStore } from "./blob_store.ts";
import { ended } from "../job.ts";
import { openJobSpec } from "../../formats/job_spec.ts";
import type { Database } from "./database.ts";
import { type Endings, noOutput } from "./endings.ts";
import type { Intake } from "./intake.ts";
import type { Kept } from "./kept.ts";
import { sweepOutput } from "./output.ts";
import type { FairQueue } from "./queue.ts";
import type { Runner } from "./runner.ts";
import type { JobStore, StoredJob } from "./store.ts";
import type { Uploads } from "./uploads.ts";

/** What upkeep looks after. */
export interface UpkeepParts {
  readonly database: Database;
  readonly store: JobStore;
  readonly blobs: BlobStore;
  readonly uploads: Uploads;
  readonly queue: FairQueue;
  readonly kept: Kept;
  readonly endings: Endings;
  readonly intake: Intake;
  readonly runner: Runner;
  readonly outputDirectory: string;
}

/**
 * Puts in order what the last run left, however it ended: a job that ran is run again, or lost where
 * it was started too often, and never both.
 */
export async function recover(parts: UpkeepParts): Promise<void> {
  const { store, blobs, uploads, outputDirectory } = parts;
  await blobs.sweep();
  // Output counts only with the receipt: what an unfinished job wrote is gone before it runs again.
  await sweepOutput(outputDirectory, (id) => store.find(id)?.state === "done");
  await uploads.sweep((key) => isMissed(parts.database, key));
  for (const job of store.live()) recoverJob(job, parts);
}

function recoverJob(job: StoredJob, { store, endings, intake, runner }: UpkeepParts): void {
  if (job.cancelled) {
    const { module } = openJobSpec(store.spec(job.id)!).spec;
    const outcome = ended("cancelled");
    return endings.done(job, { outcome, streams: noOutput, runtime: "none", module });
  }
  if (job.state === "running" && job.attempts >= limits.attempts) {
    const detail = `The worker ended ${job.attempts} times while the job ran`;
    return endings.fail(job, "lost", { code: "failed", detail });
  }
  if (store.missing(job.id).length > 0) return store.queue(job.id, "waiting", job.attempts);
  if (job.state === "waiting") return intake.settle(job);
  store.queue(job.id, "queued", job.attempts);
  runner.add(job);
}

/** Looks after everything once. */
export async function sweep(parts: UpkeepParts, { clock }: Pick<Deps, "clock">): Promise<void> {
  const { store, endings, queue, kept, blobs, uploads, runner, database } = parts;
  endings.retry();
  const now = clock.now();
  for (const job of store.live()) {
    const problem = job.state === "running" ? undefined : overdue(job, now);
    if (problem === undefined) continue;
    queue.remove(job);
    endings.fail(job, "lost", problem);
  }
  await kept.sweep();
  blobs.dropIdle();
  await uploads.sweep((key) => isMissed(database, key));
  runner.pump();
}

/** Sweeps now and then until the signal aborts; a sweep that fails is the log's, not the end. */
export async function keepUp(
  parts: UpkeepParts,
  signal: AbortSignal,
  { clock, log }: Pick<Deps, "clock" | "log">,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(limits.sweepMs, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      await sweep(parts, { clock });
    } catch (thrown) {
      log.error("Jobs can't be looked after", { reason: toPlasmdError(thrown).message });
    }
  }
}

/** Why a job that has not started never will. */
export function overdue(
  { state, expiresAt, submittedAt }: StoredJob,
  now: number,
): { readonly code: "expired" | "timeout"; readonly detail: string } | undefined {
  if (expiresAt <= now) return { code: "expired", detail: "The job expired before it started" };
  if (state !== "waiting" || submittedAt + limits.waitingMs > now) return undefined;
  const waited = durationText(limits.waitingMs);
  return { code: "timeout", detail: `Its input did not come within ${waited}` };
}

/** Whether a waiting job of the submitter misses the blob. */
function isMissed({ first }: Database, { submitter, digest }: BlobKey): boolean {
  return first(
    `SELECT 1 FROM needs JOIN jobs ON jobs.id = needs.job WHERE needs.digest = :digest
      AND jobs.submitter = :submitter AND jobs.state = 'waiting'`,
    { submitter, digest },
  ) !== undefined;
}
