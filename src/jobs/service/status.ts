/**
 * A job as it is told.
 *
 * @module
 */

import { formatTime } from "../../formats/time.ts";
import type { FairQueue } from "./queue.ts";
import { readOutput } from "./output.ts";
import type { Runner } from "./runner.ts";
import type { JobStore, StoredJob } from "./store.ts";
import type { JobOutput, JobStatus, StreamName } from "./types.ts";

/** What is looked at to tell. */
export interface StatusParts {
  readonly store: JobStore;
  readonly queue: FairQueue;
  readonly runner: Runner;
  readonly outputDirectory: string;
}

/** The status of a job. */
export function statusOf(job: StoredJob, parts: StatusParts): JobStatus {
  const { store, queue } = parts;
  const truncated = job.completion === "output";
  const time = (ms: number | undefined) => ms === undefined ? null : formatTime(ms);
  return {
    job_id: job.id,
    state: job.state,
    missing: job.state === "waiting" ? store.missing(job.id) : [],
    position: job.state === "queued" ? queue.position(job) ?? 0 : null,
    submitted_at: formatTime(job.submittedAt),
    started_at: time(job.startedAt),
    completed_at: time(job.completedAt),
    completion: job.completion ?? null,
    exit_code: job.exitCode ?? null,
    stdout: { size: sizeOf(job, "stdout", parts), truncated },
    stderr: { size: sizeOf(job, "stderr", parts), truncated },
    problem: job.problem ?? null,
  };
}

/** A stream of a job's output. */
export function outputOf(job: StoredJob, stream: StreamName, parts: StatusParts): JobOutput {
  const { outputDirectory } = parts;
  return {
    size: sizeOf(job, stream, parts),
    state: job.state,
    read: (start, end) =>
      start === end
        ? Promise.resolve(new Uint8Array())
        : readOutput(outputDirectory, job.id, { stream, start, end }),
  };
}

function sizeOf(job: StoredJob, stream: StreamName, { runner }: StatusParts): number {
  if (job.state === "running") return runner.written(job.id, stream) ?? 0;
  return stream === "stdout" ? job.stdoutSize : job.stderrSize;
}
