/**
 * Jobs: sent with POST, looked at with GET, ended with DELETE.
 *
 * @module
 */

import { openJobCancel } from "../../formats/job_cancel.ts";
import { isFinal, type JobStatus } from "../../jobs/service/types.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobHttpLimits } from "../../lib/limits.ts";
import { readBody } from "../body.ts";
import { addressKey } from "../connections.ts";
import { jsonReply } from "../reply.ts";
import type { ServerRequest } from "../request.ts";
import type { Handler } from "../routes.ts";
import type { Site } from "../site.ts";
import { answering, jobId, noSuchJob, single } from "./answer.ts";
import { countWrite } from "./site.ts";

/** `POST /v1/jobs`: takes a signed job. The same one again answers as it is now. */
export const postJob: Handler = answering(async ({ address, body }, { jobs }) => {
  const service = jobs.service();
  countWrite(jobs, address);
  return told(await service.submit(await readBody(body)));
});

/** `GET /v1/jobs/{job}?wait=seconds`: a job as it is, or once it has ended. */
export const getJob: Handler = answering(async (request, site) => {
  const service = site.jobs.service();
  const id = jobId(request);
  const seconds = Number(single(request.query, "wait", /^\d{1,6}$/) ?? 0);
  const now = service.status(id);
  if (now === undefined) throw noSuchJob();
  if (seconds === 0 || isFinal(now.state) || request.method === "HEAD") return jsonReply(200, now);
  const status = await waitFor(id, seconds, request, site);
  if (status === undefined) throw noSuchJob();
  return jsonReply(200, status);
});

/** `DELETE /v1/jobs/{job}`: ends a job, by an order that its submitter has signed. */
export const deleteJob: Handler = answering(async (request, { jobs }) => {
  const service = jobs.service();
  const id = jobId(request);
  countWrite(jobs, request.address);
  const bytes = await readBody(request.body);
  // DESIGN 11: what is signed decides, and it must be about what the path names.
  if (openJobCancel(bytes).job_id !== id) {
    throw new PlasmdError("bad_request", "The cancel names another job than the path");
  }
  return told(await service.cancel(bytes));
});

function told(status: JobStatus) {
  return jsonReply(isFinal(status.state) ? 200 : 202, status);
}

/** Waits for the job's end, the time, the client's leaving or the server's stop. */
async function waitFor(id: string, seconds: number, request: ServerRequest, site: Site) {
  const { jobs, clock, ending } = site;
  using place = jobs.waits.take(addressKey(request.address));
  if (place === undefined) throw new PlasmdError("too_many", "Too many requests wait for jobs");
  const over = new AbortController();
  const signal = AbortSignal.any([request.gone(), ending, over.signal]);
  const ms = Math.min(seconds, jobHttpLimits.waitSeconds) * 1000;
  clock.sleep(ms, { signal }).then(() => over.abort(), () => {});
  try {
    return await jobs.service().wait(id, { signal });
  } finally {
    over.abort();
  }
}
