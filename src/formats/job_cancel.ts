/**
 * The end of a job before its time, asked for by who submitted it. DESIGN 11.
 *
 * @module
 */

import type { Identity } from "../identity/key_file.ts";
import { jobFormatLimits as limits } from "../lib/limits.ts";
import { type JsonObject, parseCanonical } from "./json.ts";
import { checkFrame, checkSigner, type OneSignerKind, sealOne } from "./one_signer.ts";
import type { Prefix, Signature } from "./signed.ts";

/** The prefix of cancels. */
export const jobCancelPrefix: Prefix = "phase-cancel:v1:";

/** A cancel, well-formed. */
export interface JobCancel {
  readonly cancel_version: 1;
  /** `sha256:` of the job's signed bytes. */
  readonly job_id: string;
  /** The keyid of who submitted it. */
  readonly submitter: string;
  /** Exactly one, by the submitter. */
  readonly signatures: readonly Signature[];
}

const kind: OneSignerKind = {
  what: "cancel",
  prefix: jobCancelPrefix,
  version: "cancel_version",
  signer: "submitter",
  members: ["job_id"],
};

/**
 * The signed bytes that cancel a job.
 *
 * @throws {PlasmdError} `malformed` where `jobId` is no id of a job
 */
export function sealJobCancel(
  jobId: string,
  identity: Pick<Identity, "seed" | "keyid">,
): Uint8Array<ArrayBuffer> {
  const fields = { cancel_version: 1, job_id: jobId, submitter: identity.keyid };
  const bytes = sealOne(fields, kind, identity);
  parseJobCancel(bytes);
  return bytes;
}

/**
 * The cancel that the bytes hold, signed by the submitter that it names. Whether the job is that
 * submitter's is another question.
 *
 * @throws {PlasmdError} `malformed`, naming the member; `untrusted` for a wrong signature
 */
export function openJobCancel(bytes: Uint8Array): JobCancel {
  const cancel = parseJobCancel(bytes);
  checkSigner(cancel as unknown as JsonObject, kind);
  return cancel;
}

function parseJobCancel(bytes: Uint8Array): JobCancel {
  const object = parseCanonical(bytes, { what: kind.what, max: limits.cancelBytes });
  const members = checkFrame(object, kind);
  members.digest(object.job_id, "job_id");
  return object as unknown as JobCancel;
}
