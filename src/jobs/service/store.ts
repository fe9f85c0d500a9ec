/**
 * Jobs on the disk: each change of a job's state is one transaction.
 *
 * @module
 */

import type { ReceiptCompletion } from "../../formats/receipt.ts";
import type { Database } from "./database.ts";
import { columns, jobOf, type JobProblem, type StoredJob } from "./stored_job.ts";
import type { JobState } from "./types.ts";

export type { JobProblem, StoredJob } from "./stored_job.ts";

/** A job that comes. */
export interface NewJob {
  readonly id: string;
  readonly submitter: string;
  /** The signed bytes. */
  readonly spec: Uint8Array;
  readonly expiresAt: number;
  readonly submittedAt: number;
  /** The digests of its input, and the most bytes that each may have. */
  readonly needs: readonly { readonly digest: string; readonly most: number }[];
}

/** How a job ended that has a receipt. */
export interface JobEnd {
  readonly completedAt: number;
  readonly completion: ReceiptCompletion;
  readonly exitCode: number;
  readonly stdoutSize: number;
  readonly stderrSize: number;
  readonly receipt: Uint8Array;
}

/** Whose jobs are kept, and how much they wrote. */
export interface KeptCount {
  readonly submitter: string;
  readonly jobs: number;
  readonly bytes: number;
}

/** Which results may go: those whose jobs expired by then, so many at most. */
export interface Expired {
  readonly expiredBy: number;
  /** Of one submitter only. */
  readonly submitter?: string;
  readonly most: number;
}

/** The jobs of the database. */
export interface JobStore {
  find(id: string): StoredJob | undefined;
  /** The signed bytes of a job that hasn't ended. */
  spec(id: string): Uint8Array<ArrayBuffer> | undefined;
  receipt(id: string): Uint8Array<ArrayBuffer> | undefined;
  /** Adds a job that waits for its input. */
  insert(job: NewJob): void;
  /** Jobs that have not ended, the oldest first. */
  live(): StoredJob[];
  /** How many jobs are in a state, of one submitter or in all. */
  count(state: JobState, submitter?: string): number;
  /** The digests that a job needs and its submitter hasn't sent. */
  missing(id: string): string[];
  /** Sets a job's state to `queued` or `waiting`; `attempts` is how often it was started. */
  queue(id: string, state: "queued" | "waiting", attempts: number): void;
  /** Notes that a job starts: from now on it counts as one that may have killed us. */
  start(id: string, now: number): void;
  /** Notes that its submitter wants its end. */
  cancel(id: string): void;
  /** Ends a job with its receipt; false where it has ended already, and stays as it is. */
  finish(id: string, end: JobEnd): boolean;
  /** Ends a job without one; false as above. */
  fail(id: string, state: "refused" | "lost", problem: JobProblem, now: number): boolean;
  /** Counts of the jobs that have ended. */
  kept(): KeptCount[];
  /** Jobs that have ended and expired, those that expired first before others. */
  expired(which: Expired): StoredJob[];
  /** Jobs that ended before a time, so many at most. */
  aged(completedBy: number, most: number): StoredJob[];
  /** Forgets jobs. */
  forget(ids: readonly string[]): void;
}

/** The jobs of a database. */
export function makeStore(database: Database): JobStore {
  const { run, first, all, transaction } = database;
  const blob = (sql: string, id: string) => {
    const value = first(sql, { id })?.value;
    return value instanceof Uint8Array ? Uint8Array.from(value) : undefined;
  };
  return {
    find(id) {
      const row = first(`SELECT ${columns} FROM jobs WHERE id = :id`, { id });
      return row && jobOf(row);
    },
    spec: (id) => blob("SELECT spec AS value FROM jobs WHERE id = :id", id),
    receipt: (id) => blob("SELECT receipt AS value FROM jobs WHERE id = :id", id),
    insert: (job) => transaction(() => insert(database, job)),
    live: () =>
      all(
        `SELECT ${columns} FROM jobs WHERE state IN ('waiting', 'queued', 'running') ORDER BY turn`,
      ).map(jobOf),
    count(state, submitter) {
      const sql = "SELECT count(*) AS count FROM jobs WHERE state = :state";
      const row = submitter === undefined
        ? first(sql, { state })
        : first(`${sql} AND submitter = :submitter`, { state, submitter });
      return Number(row!.count);
    },
    missing: (id) =>
      all(
        `SELECT digest FROM needs JOIN jobs ON jobs.id = needs.job WHERE needs.job = :id AND NOT
          EXISTS (SELECT 1 FROM blobs WHERE blobs.submitter = jobs.submitter
            AND blobs.digest = needs.digest)`,
        { id },
      ).map(({ digest }) => String(digest)),
    queue: (id, state, attempts) =>
      void run("UPDATE jobs SET state = :state, attempts = :attempts WHERE id = :id", {
        id,
        state,
        attempts,
      }),
    start: (id, now) =>
      void run(
        `UPDATE jobs SET state = 'running', attempts = attempts + 1, started_at = :now
          WHERE id = :id`,
        { id, now },
      ),
    cancel: (id) => void run("UPDATE jobs SET cancelled = 1 WHERE id = :id", { id }),
    finish: (id, end) => transaction(() => finish(database, id, end)),
    fail: (id, state, problem, now) => transaction(() => fail(database, id, state, problem, now)),
    kept: () =>
      all(
        `SELECT submitter, count(*) AS jobs, sum(stdout_size + stderr_size) AS bytes FROM jobs
          WHERE completed_at IS NOT NULL GROUP BY submitter`,
      ).map(({ submitter, jobs, bytes }) => ({
        submitter: String(submitter),
        jobs: Number(jobs),
        bytes: Number(bytes),
      })),
    expired({ submitter, ...which }) {
      const own = submitter === undefined ? "" : "AND submitter = :submitter";
      return all(
        `SELECT ${columns} FROM jobs WHERE completed_at IS NOT NULL AND expires_at <= :expiredBy
          ${own} ORDER BY expires_at, completed_at LIMIT :most`,
        submitter === undefined ? which : { ...which, submitter },
      ).map(jobOf);
    },
    aged: (completedBy, most) =>
      all(
        `SELECT ${columns} FROM jobs WHERE completed_at IS NOT NULL AND completed_at <= :completedBy
          ORDER BY completed_at LIMIT :most`,
        { completedBy, most },
      ).map(jobOf),
    forget: (ids) =>
      transaction(() => {
        for (const id of ids) run("DELETE FROM jobs WHERE id = :id", { id });
      }),
  };
}

function insert({ run }: Database, job: NewJob): void {
  const { id, submitter, spec, expiresAt, submittedAt } = job;
  run(
    `INSERT INTO jobs (id, submitter, spec, state, expires_at, submitted_at)
      VALUES (:id, :submitter, :spec, 'waiting', :expiresAt, :submittedAt)`,
    { id, submitter, spec, expiresAt, submittedAt },
  );
  for (const { digest, most } of job.needs) {
    run("INSERT INTO needs (job, digest, most) VALUES (:id, :digest, :most)", { id, digest, most });
  }
}

/** What has ended needs neither its input nor its specification, and never ends again. */
const ends = "spec = NULL, completed_at = :now WHERE id = :id AND completed_at IS NULL";

function finish({ run }: Database, id: string, end: JobEnd): boolean {
  const { completion, exitCode, stdoutSize, stderrSize, receipt, completedAt: now } = end;
  const changed = run(
    `UPDATE jobs SET state = 'done', completion = :completion, exit_code = :exitCode,
      stdout_size = :stdoutSize, stderr_size = :stderrSize, receipt = :receipt,
      started_at = coalesce(started_at, :now), ${ends}`,
    { id, completion, exitCode, stdoutSize, stderrSize, receipt, now },
  );
  run("DELETE FROM needs WHERE job = :id", { id });
  return changed > 0;
}

function fail(
  { run }: Database,
  id: string,
  state: "refused" | "lost",
  { code, detail }: JobProblem,
  now: number,
): boolean {
  const changed = run(
    `UPDATE jobs SET state = :state, problem_code = :code, problem_detail = :detail, ${ends}`,
    { id, state, code, detail, now },
  );
  run("DELETE FROM needs WHERE job = :id", { id });
  return changed > 0;
}
