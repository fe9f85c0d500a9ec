/**
 * A worker's status document, as what a stranger says: read whole, or refused.
 *
 * @module
 */

import { completions } from "../../formats/receipt.ts";
import { parseTime } from "../../formats/time.ts";
import { errorCodes, PlasmdError } from "../../lib/errors.ts";
import { jobFormatLimits, jobWireLimits } from "../../lib/limits.ts";
import { printable } from "../../lib/text.ts";
import type { JobStatus, StreamStatus } from "../service/types.ts";

const states = ["waiting", "queued", "running", "done", "refused", "lost"] as const;
const digest = /^sha256:[0-9a-f]{64}$/;

/**
 * Reads the status of one job.
 *
 * @throws {PlasmdError} `bad_source` where it is no status, or that of another job
 */
export function readStatus(value: unknown, id: string): JobStatus {
  const said = record(value, "status");
  if (said.job_id !== id) throw odd("job_id");
  return {
    job_id: id,
    state: oneOf(states, said.state, "state"),
    missing: readMissing(said.missing),
    position: orNull(said.position, (one) => whole(one, "position")),
    submitted_at: time(said.submitted_at),
    started_at: orNull(said.started_at, time),
    completed_at: orNull(said.completed_at, time),
    completion: orNull(said.completion, (one) => oneOf(completions, one, "completion")),
    exit_code: orNull(said.exit_code, (one) => whole(one, "exit_code", 255)),
    stdout: readStream(said.stdout),
    stderr: readStream(said.stderr),
    problem: orNull(said.problem, readProblem),
  };
}

function readMissing(value: unknown): string[] {
  // A job names its module, its input and its files: no more can be missing.
  const max = jobFormatLimits.specFiles + 2;
  if (!Array.isArray(value) || value.length > max) throw odd("missing");
  if (!value.every((one) => typeof one === "string" && digest.test(one))) throw odd("missing");
  return value;
}

function readStream(value: unknown): StreamStatus {
  const { size, truncated } = record(value, "stream");
  if (typeof truncated !== "boolean") throw odd("truncated");
  return { size: whole(size, "size", jobFormatLimits.askedBytes), truncated };
}

function readProblem(value: unknown): NonNullable<JobStatus["problem"]> {
  const { code, detail } = record(value, "problem");
  if (typeof detail !== "string") throw odd("problem");
  return {
    code: oneOf(errorCodes, code, "problem"),
    detail: printable(detail, jobWireLimits.detailChars),
  };
}

function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw odd(name);
  return value as Record<string, unknown>;
}

function oneOf<T extends string>(known: readonly T[], value: unknown, name: string): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw odd(name);
  return found;
}

function whole(value: unknown, name: string, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > max) throw odd(name);
  return Number(value);
}

function time(value: unknown): string {
  if (typeof value !== "string" || parseTime(value) === undefined) throw odd("time");
  return value;
}

function odd(name: string): PlasmdError {
  return new PlasmdError("bad_source", `The worker's status is none: "${name}" is wrong`);
}
