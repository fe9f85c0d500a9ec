/**
 * A job from its parts to its verified output.
 *
 * @module
 */

import type { OpenedJobSpec } from "../../formats/job_spec.ts";
import type { Receipt } from "../../formats/receipt.ts";
import type { Deps } from "../../lib/deps.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobClientLimits as limits, jobHttpLimits } from "../../lib/limits.ts";
import { isFinal, type JobStatus } from "../service/types.ts";
import { checkReceipt } from "./check_receipt.ts";
import { refusalOf } from "./refusal_codes.ts";
import type { CallOptions, JobTransport } from "./transport.ts";

/** What is handed in. */
export interface Submission {
  /** The signed job. */
  readonly spec: Uint8Array;
  /** Digest → bytes of everything that the job names. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** A job's result, after every check. */
export interface JobResult {
  readonly receipt: Receipt;
  readonly receiptBytes: Uint8Array<ArrayBuffer>;
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: Uint8Array<ArrayBuffer>;
}

/**
 * Hands a job in, with what the worker misses of it.
 *
 * @throws {PlasmdError} the worker's refusal, or `bad_source` where it asks for what isn't the job's
 */
export async function submitJob(
  transport: JobTransport,
  { spec, blobs }: Submission,
  options: CallOptions,
): Promise<JobStatus> {
  const status = await transport.submit(spec, options);
  for (const digest of status.missing) {
    const bytes = blobs.get(digest);
    // A worker gets what the job names, and nothing else that we may have.
    if (bytes === undefined) {
      throw new PlasmdError(
        "bad_source",
        `The worker asks for ${digest}, which is not of this job`,
      );
    }
    await transport.put(digest, bytes, options);
  }
  return status;
}

/**
 * Waits for a job's end.
 *
 * @throws {PlasmdError} the worker's reason where the job was refused or lost
 */
export async function waitForJob(
  transport: JobTransport,
  id: string,
  options: CallOptions,
  { clock }: Pick<Deps, "clock">,
): Promise<JobStatus> {
  for (;;) {
    options.signal.throwIfAborted();
    const status = await transport.status(id, jobHttpLimits.waitSeconds, options);
    if (status.state === "done") return status;
    if (!isFinal(status.state)) {
      // A worker that answers at once, whatever it is asked, must not keep us busy.
      await clock.sleep(limits.backoffMs, options);
      continue;
    }
    const { code, detail } = status.problem ?? { code: "failed", detail: "no reason given" };
    throw refusalOf(code, `The job was ${status.state}: ${detail}`);
  }
}

/**
 * A job's receipt and output, each checked against the other and the job.
 *
 * @throws {PlasmdError} `mismatch`, `untrusted` or `malformed` where they don't agree
 */
export async function collectJob(
  transport: JobTransport,
  job: OpenedJobSpec,
  options: CallOptions,
  { clock }: Pick<Deps, "clock">,
): Promise<JobResult> {
  const receiptBytes = await transport.receipt(job.id, options);
  const expected = { worker: job.spec.worker, job, now: clock.now() };
  // The receipt first: its sizes, within the job's own limit, bound what is downloaded.
  const { stdout: out, stderr: err } = checkReceipt(receiptBytes, expected);
  const stdout = await transport.output(job.id, "stdout", { ...options, max: out.size });
  const stderr = await transport.output(job.id, "stderr", { ...options, max: err.size });
  const receipt = checkReceipt(receiptBytes, { ...expected, stdout, stderr });
  return { receipt, receiptBytes, stdout, stderr };
}
