/**
 * A job run here, for the person at the keyboard: no server, no receipt.
 *
 * @module
 */

import { runJob } from "../jobs/broker.ts";
import { type JobOutcome, parseJobPath } from "../jobs/job.ts";
import type { JobWriter } from "../jobs/run_module.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { readBounded } from "../lib/files.ts";
import { jobLimits } from "../lib/limits.ts";
import { jobProcess } from "./job_process.ts";

/** What to run. */
export interface LocalJob {
  /** The module's file. */
  readonly module: string;
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  /** Names in the job's root → files of ours. */
  readonly files: readonly (readonly [string, string])[];
  /** A file of ours, or `-` for our own standard input. */
  readonly stdin?: string;
  readonly deterministic: boolean;
  readonly wallMs?: number;
  readonly memoryBytes?: number;
  readonly outputBytes?: number;
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
  const files = new Map<string, Uint8Array>();
  for (const [name, path] of job.files) {
    files.set(parseJobPath(name), await readBounded(path, jobLimits.inputBytes));
  }
  const name = job.module.split("/").at(-1)!;
  const input = {
    module: await readModule(job.module),
    args: [name, ...job.args],
    env: job.env,
    stdin: await readStdin(job.stdin),
    files,
    limits: {
      wallMs: job.wallMs ?? jobLimits.wallDefaultMs,
      memoryBytes: job.memoryBytes ?? jobLimits.memoryDefaultBytes,
      outputBytes: job.outputBytes ?? jobLimits.outputDefaultBytes,
    },
    deterministic: job.deterministic,
  };
  const { write, signal } = job;
  return await runJob(input, { ...jobProcess(), write, signal }, deps);
}

/** A module above the limit is refused like any other that can't be run. */
async function readModule(path: string): Promise<Uint8Array> {
  try {
    return await readBounded(path, jobLimits.moduleBytes);
  } catch (thrown) {
    if (!(thrown instanceof PlasmdError) || thrown.code !== "too_large") throw thrown;
    throw new PlasmdError("module", thrown.message, { cause: thrown });
  }
}

async function readStdin(path: string | undefined): Promise<Uint8Array> {
  if (path === undefined) return new Uint8Array();
  if (path !== "-") return await readBounded(path, jobLimits.inputBytes);
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of Deno.stdin.readable) {
    total += part.length;
    if (total > jobLimits.inputBytes) {
      throw new PlasmdError("too_large", "Standard input is larger than a job may be given");
    }
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}
