/**
 * `PUT /v1/blobs/sha256/{digest}`: input that a waiting job misses.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";
import { commonHeaders } from "../reply.ts";
import type { Handler } from "../routes.ts";
import { answering, single } from "./answer.ts";
import { countWrite } from "./site.ts";

/**
 * Takes the bytes; `?job=` names the job that they are for, which is needed where several submitters
 * wait for the same. DESIGN 11: blobs belong to their submitter.
 */
export const putBlob: Handler = answering(async (request, { jobs, ending }) => {
  const service = jobs.service();
  const { params: { digest = "" }, query, body, address } = request;
  if (!/^[0-9a-f]{64}$/.test(digest)) {
    throw new PlasmdError("not_found", "No waiting job misses this");
  }
  countWrite(jobs, address);
  const job = single(query, "job", /^[0-9a-f]{64}$/);
  if (body === undefined) throw new PlasmdError("bad_request", "The request needs a body");
  await service.put(`sha256:${digest}`, body.length, body.parts(), {
    signal: AbortSignal.any([request.gone(), ending]),
    job: job && `sha256:${job}`,
  });
  return { status: 204, headers: { ...commonHeaders, "Cache-Control": "no-store" }, body: null };
});
