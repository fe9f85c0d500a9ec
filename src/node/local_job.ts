/**
 * A job run here, for the person at the keyboard: no server, no receipt.
 *
 * @module
 */

import { runJob } from "../jobs/broker.ts";
import type { JobOutcome } from "../jobs/job.ts";
import type { JobWriter } from "../jobs/run_module.ts";
import type { Deps } from "../lib/deps.ts";
import { type JobWish, readJob } from "./job_input.ts";
import { jobProcess } from "./job_process.ts";

/** What to run, and who gets what it writes. */
export interface LocalJob extends JobWish {
  readonly write: JobWriter;
  readonly signal: AbortSignal;
}

/**
 * Runs a module in a process of its own.
 *
 * @throws {PlasmdError} `module` for a module that is refused; `io`, `permission`, `too_large` for
 * a file; `usage` for a name in the job's root
 */
export async function runLocalJob(job: LocalJob, deps: Deps): Promise<JobOutcome> {
  const { write, signal } = job;
  const input = await readJob(job);
  const name = job.module.split("/").at(-1)!;
  return await runJob(
    { ...input, args: [name, ...input.args] },
    { ...jobProcess(), write, signal },
    deps,
  );
}
