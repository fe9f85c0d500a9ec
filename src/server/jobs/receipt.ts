/**
 * `/v1/jobs/{job}/receipt`: what the worker has signed about a job that is done.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";
import { commonHeaders } from "../reply.ts";
import type { Handler } from "../routes.ts";
import { answering, jobId, noSuchJob } from "./answer.ts";

/** Answers with the receipt's exact bytes. */
export const getReceipt: Handler = answering((request, { jobs }) => {
  const service = jobs.service();
  const id = jobId(request);
  const status = service.status(id);
  if (status === undefined) throw noSuchJob();
  const bytes = service.receipt(id);
  if (bytes === undefined) {
    throw new PlasmdError("not_done", `There is no receipt: the job is ${status.state}`);
  }
  return {
    status: 200,
    headers: {
      ...commonHeaders,
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
    },
    body: bytes,
  };
});
