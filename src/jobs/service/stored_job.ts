/**
 * A job as the database keeps it.
 *
 * @module
 */

import type { ReceiptCompletion } from "../../formats/receipt.ts";
import type { ErrorCode } from "../../lib/errors.ts";
import type { Row } from "./database.ts";
import type { JobState } from "./types.ts";

/** A job as it is kept. Times are milliseconds since 1970. */
export interface StoredJob {
  /** `sha256:` of the signed bytes. */
  readonly id: string;
  readonly submitter: string;
  readonly state: JobState;
  /** How often it was started. */
  readonly attempts: number;
  /** Whether its submitter has asked for its end. */
  readonly cancelled: boolean;
  readonly expiresAt: number;
  readonly submittedAt: number;
  readonly startedAt?: number;
  readonly completedAt?: number;
  readonly completion?: ReceiptCompletion;
  readonly exitCode?: number;
  readonly stdoutSize: number;
  readonly stderrSize: number;
  readonly problem?: JobProblem;
}

/** Why there is no receipt. */
export interface JobProblem {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** The columns of a job, as {@linkcode jobOf} reads them. */
export const columns: string =
  "id, submitter, state, attempts, cancelled, expires_at, submitted_at, started_at, " +
  "completed_at, completion, exit_code, stdout_size, stderr_size, problem_code, problem_detail";

/** The job of a row. */
export function jobOf(row: Row): StoredJob {
  const number = (name: string) => row[name] === null ? undefined : Number(row[name]);
  return {
    id: String(row.id),
    submitter: String(row.submitter),
    state: row.state as JobState,
    attempts: Number(row.attempts),
    cancelled: row.cancelled === 1,
    expiresAt: Number(row.expires_at),
    submittedAt: Number(row.submitted_at),
    startedAt: number("started_at"),
    completedAt: number("completed_at"),
    completion: row.completion === null ? undefined : row.completion as ReceiptCompletion,
    exitCode: number("exit_code"),
    stdoutSize: Number(row.stdout_size),
    stderrSize: Number(row.stderr_size),
    problem: row.problem_code === null ? undefined : {
      code: row.problem_code as ErrorCode,
      detail: String(row.problem_detail),
    },
  };
}
