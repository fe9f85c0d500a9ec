/**
 * Whose a blob is that somebody sends. Nobody's input may reach another's job: a submitter who
 * guesses the digest of somebody's file must not get the file.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";
import { jobServiceLimits } from "../../lib/limits.ts";
import { bytesText } from "../../lib/text.ts";
import type { BlobStore } from "./blob_store.ts";
import type { Database } from "./database.ts";

/** A blob that may be sent, or that is there already. */
export interface Claim {
  readonly submitter: string;
  readonly held: boolean;
}

/** Finds whose an upload is. */
export type FindClaim = (
  digest: string,
  size: number | undefined,
  job: string | undefined,
) => Claim;

/** Claims by the jobs of a database. */
export function makeClaims(database: Database, blobs: BlobStore): FindClaim {
  return (digest, size, job) => {
    const claim = job === undefined
      ? unnamed(database, digest)
      : named(database, blobs, digest, job);
    if (size !== undefined && !claim.held) checkSize(database, claim.submitter, digest, size);
    return claim;
  };
}

/** DESIGN 11: the job's id is a secret of its submitter: who knows it sends that job's input. */
function named({ first }: Database, blobs: BlobStore, digest: string, job: string): Claim {
  const row = first(
    `SELECT jobs.submitter AS submitter, jobs.state AS state FROM needs
      JOIN jobs ON jobs.id = needs.job WHERE needs.job = :job AND needs.digest = :digest`,
    { job, digest },
  );
  if (row === undefined) return nobody();
  const submitter = String(row.submitter);
  const held = blobs.has({ submitter, digest });
  return held || row.state === "waiting" ? { submitter, held } : nobody();
}

/** Without a job only where one submitter alone waits for it or has it. */
function unnamed({ all }: Database, digest: string): Claim {
  const held = "SELECT submitter FROM blobs WHERE digest = :digest";
  const holders = all(held, { digest }).map(({ submitter }) => String(submitter));
  const waiting = all(
    `SELECT DISTINCT jobs.submitter AS submitter FROM needs JOIN jobs ON jobs.id = needs.job
      WHERE needs.digest = :digest AND jobs.state = 'waiting'`,
    { digest },
  ).map(({ submitter }) => String(submitter)).filter((one) => !holders.includes(one));
  if (waiting.length === 0) return nobody();
  if (waiting.length + holders.length > 1) {
    throw new PlasmdError("precondition", "Cannot tell for which job these bytes are", {
      hint: "name the job: PUT /v1/blobs/sha256/{digest}?job={id}",
    });
  }
  return { submitter: waiting[0]!, held: false };
}

/** DESIGN 11: within the limits of a job that waits for it. */
function checkSize({ all }: Database, submitter: string, digest: string, size: number): void {
  const rooms = all(
    `SELECT needs.most AS most, (SELECT coalesce(sum(blobs.size), 0) FROM needs AS others
        JOIN blobs ON blobs.submitter = jobs.submitter AND blobs.digest = others.digest
        WHERE others.job = jobs.id) AS used
      FROM needs JOIN jobs ON jobs.id = needs.job WHERE needs.digest = :digest
        AND jobs.submitter = :submitter AND jobs.state = 'waiting'`,
    { submitter, digest },
  ).map(({ most, used }) => Math.min(Number(most), jobServiceLimits.jobInputBytes - Number(used)));
  const room = Math.max(0, ...rooms);
  if (size <= room) return;
  throw new PlasmdError(
    "too_large",
    `Cannot take ${bytesText(size)}: the job may have ${bytesText(room)} more input of this kind`,
  );
}

function nobody(): never {
  throw new PlasmdError("not_found", "No waiting job misses this blob", {
    hint: "submit the job first, and name it: PUT /v1/blobs/sha256/{digest}?job={id}",
  });
}
