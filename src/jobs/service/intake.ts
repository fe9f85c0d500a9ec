/**
 * How jobs come in: a signed job first, then what it misses, then its place in the queue.
 *
 * @module
 */

import { type OpenedJobSpec, openJobSpec } from "../../formats/job_spec.ts";
import type { Deps } from "../../lib/deps.ts";
import { jobServiceLimits } from "../../lib/limits.ts";
import { bytesText } from "../../lib/text.ts";
import { checkAsked, checkParties, checkQueue, checkTime, needsOf } from "./admission.ts";
import type { BlobKey } from "./blob_store.ts";
import type { Database } from "./database.ts";
import { type Endings, shortId } from "./endings.ts";
import type { Kept } from "./kept.ts";
import type { Notices } from "./notices.ts";
import type { Runner } from "./runner.ts";
import type { JobStore, StoredJob } from "./store.ts";
import type { WorkerLimits } from "./types.ts";

/** Takes jobs in. */
export interface Intake {
  /** Takes a signed job; the same job again is the one that is there. Returns its id. */
  submit(bytes: Uint8Array): Promise<string>;
  /** Queues the jobs that had waited for this blob only. */
  stored(key: BlobKey): void;
  /** Queues a job where nothing is missing any more. */
  settle(job: StoredJob): void;
}

/** What an intake is made with. */
export interface IntakeParts {
  readonly database: Database;
  readonly store: JobStore;
  readonly kept: Kept;
  readonly endings: Endings;
  readonly notices: Notices;
  readonly runner: Runner;
  /** The keyid of this worker. */
  readonly self: string;
  readonly allow: () => ReadonlySet<string>;
  readonly limits: () => WorkerLimits;
}

/** Jobs come in through this. */
export function makeIntake(
  parts: IntakeParts,
  { clock, log, meter }: Pick<Deps, "clock" | "log" | "meter">,
): Intake {
  const { database, store, kept, endings, notices, runner } = parts;

  function insert({ spec, id }: OpenedJobSpec, bytes: Uint8Array): void {
    const { submitter } = spec;
    const now = clock.now();
    const expiresAt = checkTime(spec, now);
    checkAsked(spec, parts.limits());
    checkQueue(pendingOf(store, submitter));
    store.insert({
      id,
      submitter,
      spec: bytes,
      expiresAt,
      submittedAt: now,
      needs: needsOf(spec),
    });
    log.debug("A job is taken", { job: shortId(id) });
    meter.add("plasmd_jobs_submitted_total");
  }

  function settle(job: StoredJob): void {
    if (store.missing(job.id).length > 0) return;
    const problem = inputProblem(database, job);
    if (problem !== undefined) {
      return endings.fail(job, "refused", { code: "too_large", detail: problem });
    }
    store.queue(job.id, "queued", job.attempts);
    log.debug("A job is queued", { job: shortId(job.id) });
    notices.tell(job.id);
    runner.add(job);
  }

  return {
    settle,
    async submit(bytes) {
      const opened = openJobSpec(bytes, (spec) => {
        checkParties(spec, { self: parts.self, allow: parts.allow() });
      });
      const { id, spec: { submitter } } = opened;
      // DESIGN 11: the same job id returns the same result, it does not run twice.
      if (store.find(id) !== undefined) return id;
      await kept.makeRoom(submitter);
      if (store.find(id) !== undefined) return id;
      insert(opened, bytes);
      settle(store.find(id)!);
      return id;
    },
    stored({ submitter, digest }) {
      const waiting = database.all(
        `SELECT jobs.id AS id FROM needs JOIN jobs ON jobs.id = needs.job
          WHERE needs.digest = :digest AND jobs.submitter = :submitter
            AND jobs.state = 'waiting' ORDER BY jobs.turn`,
        { submitter, digest },
      );
      for (const { id } of waiting) {
        settle(store.find(String(id))!);
        notices.tell(String(id));
      }
    },
  };
}

function pendingOf(store: JobStore, submitter: string): { all: number; own: number } {
  const of = (whose?: string) => store.count("waiting", whose) + store.count("queued", whose);
  return { all: of(), own: of(submitter) };
}

/** What is wrong with a job's input although all of it is there. */
function inputProblem({ first }: Database, { id }: StoredJob): string | undefined {
  const row = first(
    `SELECT sum(blobs.size) AS size, sum(blobs.size > needs.most) AS over FROM needs
      JOIN jobs ON jobs.id = needs.job
      JOIN blobs ON blobs.submitter = jobs.submitter AND blobs.digest = needs.digest
      WHERE needs.job = :id`,
    { id },
  )!;
  const most = jobServiceLimits.jobInputBytes;
  if (Number(row.size) > most) return `Its input is larger than ${bytesText(most)}`;
  return Number(row.over) > 0 ? "Its module, or a file, is larger than the limit" : undefined;
}
