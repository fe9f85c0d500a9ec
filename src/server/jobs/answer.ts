/**
 * What all routes of jobs have in common: their errors, and how a request names a job.
 *
 * @module
 */

import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import { problem } from "../errors.ts";
import type { Reply } from "../reply.ts";
import { queryValues, type ServerRequest } from "../request.ts";
import type { Handler } from "../routes.ts";

/** Statuses that say more here than elsewhere: a job isn't an image that is looked for. */
const statuses: Readonly<Record<string, number>> = {
  expired: 410,
  wrong_target: 403,
  timeout: 408,
};

/** A handler whose errors have the statuses of jobs. */
export function answering(handler: Handler): Handler {
  return async (request, site): Promise<Reply> => {
    try {
      return await handler(request, site);
    } catch (thrown) {
      const { code } = toPlasmdError(thrown);
      // What is our fault is counted and logged where every other is.
      if (!(thrown instanceof PlasmdError) || thrown.blame !== "peer") throw thrown;
      const headers = code === "too_many" ? { "Retry-After": "2" } : undefined;
      return problem(thrown, { status: statuses[code], headers });
    }
  };
}

/**
 * The id of the job that a path names.
 *
 * @throws {PlasmdError} `not_found` for anything else
 */
export function jobId({ params: { job = "" } }: ServerRequest): string {
  if (!/^[0-9a-f]{64}$/.test(job)) throw noSuchJob();
  return `sha256:${job}`;
}

/** DESIGN 11: an id that nobody has looks like one that is malformed. */
export function noSuchJob(): PlasmdError {
  return new PlasmdError("not_found", "There is no such job");
}

/**
 * The one value of a query's parameter that has the form.
 *
 * @throws {PlasmdError} `bad_request` for several, or another form
 */
export function single(query: string, name: string, form: RegExp): string | undefined {
  const values = queryValues(query, name);
  if (values.length === 0) return undefined;
  if (values.length === 1 && form.test(values[0]!)) return values[0];
  throw new PlasmdError("bad_request", `Query holds no valid "${name}"`);
}
