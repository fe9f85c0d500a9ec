/**
 * What the service of jobs for others is asked, and what it answers.
 *
 * @module
 */

import type { ReceiptCompletion } from "../../formats/receipt.ts";
import type { Identity } from "../../identity/key_file.ts";
import type { ErrorCode } from "../../lib/errors.ts";
import type { JobInput, JobOutcome } from "../job.ts";
import type { JobWriter } from "../run_module.ts";

/**
 * Where a job is: `waiting` for its input, `queued`, `running`; `done` has a receipt; `refused` and
 * `lost` have none, and say why.
 */
export type JobState = "waiting" | "queued" | "running" | "done" | "refused" | "lost";

/** A stream of output so far. */
export interface StreamStatus {
  /** Bytes. */
  readonly size: number;
  /** Whether the limit on output ended the job. */
  readonly truncated: boolean;
}

/** A job as it is told, in the members of its JSON. */
export interface JobStatus {
  readonly job_id: string;
  readonly state: JobState;
  /** Digests that a waiting job still needs. */
  readonly missing: readonly string[];
  /** How many start before it, as far as is known now; null where it isn't queued. */
  readonly position: number | null;
  readonly submitted_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly completion: ReceiptCompletion | null;
  readonly exit_code: number | null;
  readonly stdout: StreamStatus;
  readonly stderr: StreamStatus;
  /** Why it was refused or lost. */
  readonly problem: { readonly code: ErrorCode; readonly detail: string } | null;
}

/** The two streams of a job's output. */
export type StreamName = "stdout" | "stderr";

/** Bytes of both streams: where a listener is. */
export interface OutputPosition {
  readonly stdout: number;
  readonly stderr: number;
}

/** What happens to a job. `at` is where the listener is after it: from there events go on. */
export type JobEvent =
  | { readonly type: "state"; readonly status: JobStatus; readonly at: OutputPosition }
  | {
    readonly type: StreamName;
    readonly offset: number;
    readonly bytes: Uint8Array;
    readonly at: OutputPosition;
  };

/** A stream that can be read while it grows. */
export interface JobOutput {
  /** Bytes so far. */
  readonly size: number;
  readonly state: JobState;
  /** The bytes from `start` to before `end`, both within the size. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** Counts of the service, without a word about whose jobs they are. */
export interface JobsReport {
  readonly concurrency: number;
  readonly waiting: number;
  readonly queued: number;
  readonly running: number;
  /** Jobs that have ended and are kept. */
  readonly kept: number;
  /** Jobs that ended since the start, by how. */
  readonly ended: Readonly<Record<"done" | "refused" | "lost", number>>;
  /** Bytes of input and of output on the disk. */
  readonly blobBytes: number;
  readonly outputBytes: number;
  /** How busy it is: 0 idle to 100 full. */
  readonly load: number;
  /** What a job may ask for. */
  readonly limits: WorkerLimits;
  /** How many submitters are allowed. */
  readonly submitters: number;
}

/** The most that a job may ask for. */
export interface WorkerLimits {
  readonly wallMs: number;
  readonly memoryBytes: number;
  /** Of stdout and stderr together. */
  readonly outputBytes: number;
}

/** What can change while the service runs. */
export interface LiveJobOptions {
  /** Keyids whose jobs are run. */
  readonly allow: readonly string[];
  /** Jobs that run at once. */
  readonly concurrency: number;
  readonly limits: WorkerLimits;
}

/** Runs one job, wherever that is. Rejects with `module` where the module is refused. */
export type RunJob = (
  job: JobInput,
  io: { readonly write: JobWriter },
  options: { readonly signal: AbortSignal; readonly submitter: string },
) => Promise<JobOutcome>;

/** What the service is opened with. */
export interface JobServiceOptions extends LiveJobOptions {
  /** The node's state directory; the service keeps what is its own in `jobs/` there. */
  readonly stateDir: string;
  /** Signs receipts, and is the worker that jobs are meant for. */
  readonly identity: Pick<Identity, "seed" | "keyid">;
  readonly run: RunJob;
}

/** Whose upload it is, and for how long it may go on. */
export interface PutOptions {
  readonly signal: AbortSignal;
  /**
   * The job that it is for. Without it the blob is taken only where one submitter alone has to do
   * with it: nobody's input must reach another's job.
   */
  readonly job?: string;
}

/** A part of a blob. */
export interface BlobRange {
  /** Where it starts; it must be where the upload is. */
  readonly start: number;
  /** Bytes of the whole blob. */
  readonly size: number;
}

/** How far an upload is. */
export interface BlobProgress {
  /** Bytes that are there. */
  readonly have: number;
  /** Whether it is there as a whole, and verified. */
  readonly complete: boolean;
}

/** Jobs for others: taken, queued, run, and answered for. */
export interface JobService extends AsyncDisposable {
  /**
   * Takes a signed job; the same job again answers as it is now.
   *
   * @throws {PlasmdError} `malformed`, `untrusted`, `wrong_target` for another worker's, `forbidden`
   * for a submitter who isn't allowed, `expired`, `not_yet_valid` where it ends too far ahead,
   * `too_large` where it asks for more than is given, `too_many` for a full queue or quota
   */
  submit(bytes: Uint8Array): Promise<JobStatus>;
  /**
   * Takes a whole blob that a waiting job misses; returns at once where it is there.
   *
   * @throws {PlasmdError} `not_found` where no waiting job misses it, `precondition` where the job
   * must be named, `too_large`, `mismatch` for other bytes, `too_many` for a quota, `no_space`
   */
  put(
    digest: string,
    size: number,
    body: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<void>;
  /**
   * Takes the next part of a blob; an upload goes on where it was, after a restart too.
   *
   * @throws {PlasmdError} as for {@linkcode put}, and `range` where another part is next
   */
  putRange(
    digest: string,
    range: BlobRange,
    bytes: Uint8Array,
    options: PutOptions,
  ): Promise<BlobProgress>;
  /** How far an upload is. @throws {PlasmdError} as for {@linkcode put} */
  progress(digest: string, options: Omit<PutOptions, "signal">): Promise<BlobProgress>;
  /** A job as it is now. */
  status(id: string): JobStatus | undefined;
  /** A job once it has ended, or as it is when the signal aborts. */
  wait(id: string, options: { readonly signal: AbortSignal }): Promise<JobStatus | undefined>;
  /** What a job wrote so far. */
  output(id: string, stream: StreamName): JobOutput | undefined;
  /** The signed receipt of a job that is done. */
  receipt(id: string): Uint8Array<ArrayBuffer> | undefined;
  /**
   * Ends a job, for who submitted it; one that has ended stays as it is.
   *
   * @throws {PlasmdError} `malformed`, `untrusted`, `not_found`, `forbidden` for anybody else
   */
  cancel(bytes: Uint8Array): Promise<JobStatus>;
  /**
   * What happens to a job, from a position on, to its end; ends early with the signal.
   *
   * @throws {PlasmdError} `not_found` at the first step
   */
  events(
    id: string,
    options: { readonly from?: OutputPosition; readonly signal: AbortSignal },
  ): AsyncIterable<JobEvent>;
  /** Counts, for /status and /metrics. */
  report(): JobsReport;
  /** Takes over what can change; jobs that run go on. */
  reload(live: LiveJobOptions): void;
}

/** Whether a job has ended. */
export function isFinal(state: JobState): boolean {
  return state === "done" || state === "refused" || state === "lost";
}
