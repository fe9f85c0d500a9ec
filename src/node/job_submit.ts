/**
 * A job handed in where it is taken: the next worker where one can't be reached or refuses, and
 * several at once where their receipts are to be compared.
 *
 * @module
 */

import { sealJobCancel } from "../formats/job_cancel.ts";
import type { Identity } from "../identity/key_file.ts";
import type { JobInput } from "../jobs/job.ts";
import { collectJob, type JobResult, submitJob, waitForJob } from "../jobs/client/submit.ts";
import type { JobStatus } from "../jobs/service/types.ts";
import type { Deps } from "../lib/deps.ts";
import { type ErrorCode, PlasmdError, toPlasmdError } from "../lib/errors.ts";
import {
  forgetJob,
  prepareJob,
  rememberJob,
  type SubmittedJob,
  submittedJob,
} from "./job_client.ts";
import type { WorkerChoice } from "./job_workers.ts";

/** A job for whoever takes it. */
export interface SubmitOptions {
  readonly input: JobInput;
  /** Milliseconds until it expires. */
  readonly lifetimeMs: number;
  readonly identity: Identity;
  readonly stateDir?: string;
  readonly signal: AbortSignal;
  /** Told of each worker that was passed over for another one. */
  readonly onPassed: (worker: WorkerChoice, error: PlasmdError) => void;
  /** Told of each job that can't be remembered. */
  readonly onForgotten: (id: string) => void;
}

/** A job that a worker has taken. */
export interface TakenJob extends SubmittedJob {
  readonly worker: WorkerChoice;
  readonly status: JobStatus;
}

/** What a worker can do that another one may not: the next one is asked. */
const passedOver: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...["unreachable", "too_many", "forbidden", "not_found", "not_ready", "busy"] as const,
  ...["bad_source", "no_space", "wrong_target", "unsupported", "untrusted", "mismatch"] as const,
]);

/** With these a worker says that it hasn't taken a job. */
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...["forbidden", "untrusted", "wrong_target", "expired", "malformed"] as const,
  ...["not_found", "too_many", "too_large"] as const,
]);

/**
 * Hands a job to the first worker that takes it. Workers are taken out of the list as they are
 * asked. Each gets a job of its own: a signed job names its worker.
 *
 * @throws {PlasmdError} the last refusal
 */
export async function submitToFirst(
  workers: WorkerChoice[],
  options: SubmitOptions,
  deps: Deps,
): Promise<TakenJob> {
  let last: PlasmdError | undefined;
  for (let worker = workers.shift(); worker !== undefined; worker = workers.shift()) {
    try {
      return await submitTo(worker, options, deps);
    } catch (thrown) {
      last = passOver(thrown, worker, workers, options);
    }
  }
  throw last ?? new PlasmdError("nothing_found", "No worker is left to be asked");
}

/**
 * The same, to the job's verified end. Where a worker fails after it took the job, it is told to
 * cancel it, and the next one gets it: the job may then have run twice, which nothing outside of it
 * notices.
 *
 * @throws {PlasmdError} the last failure
 */
export async function runOnFirst(
  workers: WorkerChoice[],
  options: SubmitOptions,
  deps: Deps,
): Promise<TakenJob & { readonly result: JobResult }> {
  for (;;) {
    const taken = await submitToFirst(workers, options, deps);
    const { job, transport, worker } = taken;
    try {
      await waitForJob(transport, job.id, options, deps);
      return { ...taken, result: await collectJob(transport, job, options, deps) };
    } catch (thrown) {
      const error = passOver(thrown, worker, workers, options);
      await transport.cancel(sealJobCancel(job.id, options.identity), job.id, options)
        .catch(() => {});
      if (workers.length === 0) throw error;
    }
  }
}

/**
 * The same on so many workers at once.
 *
 * @throws {PlasmdError} `nothing_found` where there are fewer, or the failure of the last one
 */
export async function runOnSeveral(
  workers: WorkerChoice[],
  count: number,
  options: SubmitOptions,
  deps: Deps,
): Promise<(TakenJob & { readonly result: JobResult })[]> {
  const distinct = [...new Map(workers.map((one) => [one.keyid, one])).values()];
  if (distinct.length < count) {
    throw new PlasmdError(
      "nothing_found",
      `${count} workers are wanted, ${distinct.length} are there`,
    );
  }
  return await Promise.all(
    Array.from({ length: count }, () => runOnFirst(distinct, options, deps)),
  );
}

async function submitTo(
  worker: WorkerChoice,
  { input, lifetimeMs, identity, stateDir, signal, onForgotten }: SubmitOptions,
  deps: Deps,
): Promise<TakenJob> {
  const submission = prepareJob(input, { worker: worker.keyid, lifetimeMs }, identity, deps);
  const submitted = submittedJob(submission.spec, worker.origin, deps);
  const { job, transport } = submitted;
  // Before it is sent: whatever happens then, its id is known here.
  const kept = await rememberJob(submission.spec, worker.origin, job.id, stateDir);
  if (!kept) onForgotten(job.id);
  try {
    const status = await submitJob(transport, submission, { signal });
    return { ...submitted, worker, status };
  } catch (thrown) {
    // A worker that says no has nothing to be asked about later; one that says nothing may have it.
    if (refusals.has(toPlasmdError(thrown).code)) await forgetJob(job.id, stateDir);
    throw thrown;
  }
}

/** What the last one says is thrown, and not said before. */
function passOver(
  thrown: unknown,
  worker: WorkerChoice,
  left: readonly WorkerChoice[],
  { signal, onPassed }: SubmitOptions,
): PlasmdError {
  signal.throwIfAborted();
  const error = toPlasmdError(thrown);
  if (!passedOver.has(error.code)) throw error;
  if (left.length > 0) onPassed(worker, error);
  return error;
}
