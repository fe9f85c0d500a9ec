/**
 * The parts of the service, each given what it needs of the others.
 *
 * @module
 */

import type { Deps } from "../../lib/deps.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobServiceLimits } from "../../lib/limits.ts";
import { openBlobs } from "./blob_store.ts";
import { type FindClaim, makeClaims } from "./claim.ts";
import type { Database } from "./database.ts";
import { makeEndings } from "./endings.ts";
import { makeIntake } from "./intake.ts";
import { makeKept } from "./kept.ts";
import { makeNotices, type Notices } from "./notices.ts";
import type { JobPlaces } from "./places.ts";
import { makeQueue } from "./queue.ts";
import { makeRunner } from "./runner.ts";
import { makeStore, type StoredJob } from "./store.ts";
import type { JobServiceOptions, LiveJobOptions } from "./types.ts";
import { overdue, type UpkeepParts } from "./upkeep.ts";
import { openUploads } from "./uploads.ts";

/** The options that can change, checked. */
export interface Live extends Omit<LiveJobOptions, "allow"> {
  readonly allow: ReadonlySet<string>;
}

/**
 * Checks the options that can change.
 *
 * @throws {PlasmdError} `config`
 */
export function checkLive({ allow, concurrency, limits }: LiveJobOptions): Live {
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new PlasmdError("config", `Cannot run ${concurrency} jobs at once`);
  }
  if (allow.length > jobServiceLimits.submitters) {
    const most = jobServiceLimits.submitters;
    throw new PlasmdError("config", `Too many submitters: ${allow.length}, the limit is ${most}`);
  }
  return { allow: new Set(allow), concurrency, limits: { ...limits } };
}

/** What the parts are joined around. */
export interface Core {
  readonly database: Database;
  readonly places: JobPlaces;
  readonly live: () => Live;
}

/** Everything that the service is made of. */
export interface ServiceParts extends UpkeepParts {
  readonly notices: Notices;
  readonly claims: FindClaim;
  /** Whether a job may start; where it may not, it is ended. */
  readonly mayStart: (job: StoredJob) => boolean;
}

/** Joins the parts; nothing runs yet. */
export function joinParts(
  { identity, run }: Pick<JobServiceOptions, "identity" | "run">,
  { database, places, live }: Core,
  deps: Deps,
): ServiceParts {
  const store = makeStore(database);
  const queue = makeQueue();
  const notices = makeNotices();
  const blobs = openBlobs(places.blobs, database, deps);
  const uploads = openUploads(places.uploads, blobs, deps);
  const claims = makeClaims(database, blobs);
  const outputDirectory = places.output;
  const kept = makeKept(store, outputDirectory, deps);
  const endings = makeEndings({ store, kept, notices, identity }, deps);
  const allow = () => live().allow;
  /** Ends a job that must not start any more. */
  const mayStart = (job: StoredJob) => {
    const late = overdue(job, deps.clock.now());
    const gone = !allow().has(job.submitter);
    if (late === undefined && !gone) return true;
    queue.remove(job);
    if (late !== undefined) endings.fail(job, "lost", late);
    else {
      const detail = "Its submitter is not allowed any more";
      endings.fail(job, "refused", { code: "forbidden", detail });
    }
    return false;
  };
  const concurrency = () => live().concurrency;
  const runner = makeRunner(
    { store, blobs, queue, endings, notices, outputDirectory, run, concurrency, mayStart },
    deps,
  );
  const limits = () => live().limits;
  const self = identity.keyid;
  const intake = makeIntake(
    { database, store, kept, endings, notices, runner, self, allow, limits },
    deps,
  );
  return {
    database,
    store,
    queue,
    notices,
    blobs,
    uploads,
    claims,
    kept,
    endings,
    runner,
    intake,
    mayStart,
    outputDirectory,
  };
}
