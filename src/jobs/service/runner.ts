/**
 * Starts jobs in their turn, and sees each to its end.
 *
 * @module
 */

import { openJobSpec } from "../../formats/job_spec.ts";
import type { Deps } from "../../lib/deps.ts";
import { toPlasmdError } from "../../lib/errors.ts";
import { jobServiceLimits } from "../../lib/limits.ts";
import { ended, type JobOutcome } from "../job.ts";
import type { BlobStore } from "./blob_store.ts";
import { type Endings, noOutput, shortId } from "./endings.ts";
import { loadInput, runtimeOf } from "./job_input.ts";
import type { Notices } from "./notices.ts";
import { openOutput, type OutputWriter } from "./output.ts";
import type { FairQueue } from "./queue.ts";
import type { JobStore, StoredJob } from "./store.ts";
import type { RunJob, StreamName } from "./types.ts";

/** Jobs that run, and those that come next. */
export interface Runner extends AsyncDisposable {
  /** How many run. */
  readonly running: number;
  /** Bytes that a running job has written; undefined where it doesn't run. */
  written(id: string, stream: StreamName): number | undefined;
  /** Puts a job in the queue, and starts what can start. */
  add(job: StoredJob): void;
  /** Ends a job that has not ended, with a receipt. */
  cancel(job: StoredJob): void;
  /** Starts what can start. */
  pump(): void;
}

/** What a runner is made with. */
export interface RunnerParts {
  readonly store: JobStore;
  readonly blobs: BlobStore;
  readonly queue: FairQueue;
  readonly endings: Endings;
  readonly notices: Notices;
  readonly outputDirectory: string;
  readonly run: RunJob;
  /** Jobs that may run at once, now. */
  readonly concurrency: () => number;
  /** Whether a job may start; where it may not, it has been ended. */
  readonly mayStart: (job: StoredJob) => boolean;
}

/** A job that runs. */
interface Running {
  readonly job: StoredJob;
  /** Aborted where the submitter or the end of the service ends it. */
  readonly stop: AbortController;
  cancelled: boolean;
  output?: OutputWriter;
  /** What the disk said, where it takes no more output. */
  broken?: unknown;
}

/** How a run ended, short of its last transaction. */
type RunEnd =
  | {
    readonly type: "ran";
    readonly outcome: JobOutcome;
    readonly runtime: string;
    /** `sha256:` of the module. */
    readonly module: string;
  }
  | { readonly type: "threw"; readonly thrown: unknown };

/** Runs nothing yet. */
export function makeRunner(parts: RunnerParts, { clock, log }: Deps): Runner {
  const { store, queue, notices } = parts;
  const running = new Map<string, Running>();
  const runs = new Set<Promise<void>>();
  let stopping = false;

  const countOf = (submitter: string) =>
    [...running.values()].filter(({ job }) => job.submitter === submitter).length;

  function pump(): void {
    while (!stopping && running.size < parts.concurrency()) {
      const next = queue.take(countOf);
      if (next === undefined) return;
      const job = store.find(next.id);
      if (job?.state !== "queued" || !parts.mayStart(job)) continue;
      try {
        store.start(job.id, clock.now());
      } catch (thrown) {
        // Without its start on the disk a job that kills us would be started for ever.
        log.error("A job can't be started", { reason: toPlasmdError(thrown).message });
        queue.add(next, { first: true });
        return;
      }
      log.debug("A job starts", { job: shortId(job.id) });
      start(store.find(job.id)!);
    }
  }

  function start(job: StoredJob): void {
    const entry: Running = { job, stop: new AbortController(), cancelled: false };
    running.set(job.id, entry);
    notices.tell(job.id);
    const run = see(entry).catch((thrown) => {
      const { code, message } = toPlasmdError(thrown);
      log.error("A job was lost", { reason: message });
      parts.endings.fail(job, "lost", { code, detail: "The worker can't keep its state" });
    }).finally(() => {
      running.delete(job.id);
      runs.delete(run);
      notices.tell(job.id);
      pump();
    });
    runs.add(run);
  }

  /** Sees a job to its end. */
  async function see(entry: Running): Promise<void> {
    const end = await runToEnd(entry, parts, notices);
    log.debug("A job has run", { job: shortId(entry.job.id) });
    await conclude(entry, end);
  }

  async function conclude(entry: Running, end: RunEnd): Promise<void> {
    const { job, output } = entry;
    if (entry.broken !== undefined) return await giveUp(entry, entry.broken);
    if (end.type === "ran" && (end.outcome.completion !== "cancelled" || entry.cancelled)) {
      try {
        const streams = await output!.keep();
        log.debug("The output of a job is kept", { job: shortId(job.id) });
        parts.endings.done(job, { ...end, streams });
      } catch (thrown) {
        await giveUp(entry, thrown);
      }
      return;
    }
    await output?.drop();
    if (entry.cancelled) return endCancelled(job);
    if (stopping) return again(job, job.attempts - 1);
    const thrown = end.type === "threw" ? toPlasmdError(end.thrown) : undefined;
    if (thrown?.code === "module") {
      return parts.endings.fail(job, "refused", { code: "module", detail: thrown.message });
    }
    if (output === undefined) {
      // It hasn't run: its input isn't what it was.
      return parts.endings.fail(job, "lost", { code: thrown!.code, detail: thrown!.message });
    }
    if (job.attempts < jobServiceLimits.attempts) return again(job, job.attempts);
    const why = thrown?.message ?? "its process was ended";
    const detail = `The worker failed ${job.attempts} times while the job ran: ${why}`;
    parts.endings.fail(job, "lost", { code: "failed", detail });
  }

  /** Ends a job whose output or end the disk doesn't take; what it wrote makes room. */
  async function giveUp({ job, output }: Running, thrown: unknown): Promise<void> {
    await output!.drop().catch(() => {});
    const { code, message } = toPlasmdError(thrown);
    const detail = `The worker can't keep the result: ${message}`;
    parts.endings.fail(job, "lost", { code, detail });
  }

  function again(job: StoredJob, attempts: number): void {
    store.queue(job.id, "queued", attempts);
    queue.add(job, { first: true });
  }

  function endCancelled(job: StoredJob): void {
    const { module } = specOf(store, job);
    const outcome = ended("cancelled");
    parts.endings.done(job, { outcome, streams: noOutput, runtime: "none", module });
  }

  return {
    get running() {
      return running.size;
    },
    written: (id, stream) =>
      running.has(id) ? running.get(id)!.output?.size(stream) ?? 0 : undefined,
    add(job) {
      queue.add(job);
      pump();
    },
    cancel(job) {
      store.cancel(job.id);
      const entry = running.get(job.id);
      if (entry === undefined) {
        queue.remove(job);
        return endCancelled(job);
      }
      entry.cancelled = true;
      entry.stop.abort();
    },
    pump,
    async [Symbol.asyncDispose]() {
      stopping = true;
      for (const { stop } of running.values()) stop.abort();
      await Promise.all(runs);
    },
  };
}

/** Loads a job's input and runs it, its output on the way to the disk. */
async function runToEnd(
  entry: Running,
  { store, blobs, outputDirectory, run }: RunnerParts,
  notices: Notices,
): Promise<RunEnd> {
  const { job, stop } = entry;
  try {
    const spec = specOf(store, job);
    const input = await loadInput(spec, blobs);
    const output = entry.output = openOutput(outputDirectory, job.id, {
      onGrown: () => notices.tell(job.id),
      onBroken(thrown) {
        entry.broken ??= thrown;
        stop.abort();
      },
    });
    const runtime = runtimeOf(input.module); // before the module is handed over
    const io = { write: (stream: StreamName, bytes: Uint8Array) => output.write(stream, bytes) };
    const options = { signal: stop.signal, submitter: job.submitter };
    const outcome = stop.signal.aborted ? ended("cancelled") : await run(input, io, options);
    return { type: "ran", outcome, runtime, module: spec.module };
  } catch (thrown) {
    return { type: "threw", thrown };
  }
}

function specOf(store: JobStore, { id }: StoredJob) {
  return openJobSpec(store.spec(id)!).spec;
}
