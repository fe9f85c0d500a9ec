/**
 * Checks a receipt against what its reader knows: the worker's key, the job, the output.
 *
 * @module
 */

import type { OpenedJobSpec } from "../../formats/job_spec.ts";
import { openReceipt, type Receipt } from "../../formats/receipt.ts";
import { parseTime } from "../../formats/time.ts";
import { sha256Hex } from "../../lib/bytes.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobFormatLimits } from "../../lib/limits.ts";
import { ended } from "../job.ts";

/** What a receipt must agree with. */
export interface Expected {
  /** The keyid of the worker: pinned by the reader, never taken from the receipt. */
  readonly worker: string;
  readonly job?: OpenedJobSpec;
  readonly stdout?: Uint8Array;
  readonly stderr?: Uint8Array;
  /** Milliseconds; what a receipt says may be ahead of it as far as clocks differ. */
  readonly now: number;
}

/**
 * The receipt, once everything that is expected holds.
 *
 * @throws {PlasmdError} `malformed`, `untrusted`, `mismatch` or `not_yet_valid`
 */
export function checkReceipt(bytes: Uint8Array, expected: Expected): Receipt {
  const receipt = openReceipt(bytes, { worker: expected.worker });
  if (expected.job !== undefined) checkJob(receipt, expected.job);
  checkStream(receipt, "stdout", expected.stdout);
  checkStream(receipt, "stderr", expected.stderr);
  checkEnd(receipt);
  if (parseTime(receipt.completed_at)! > expected.now + jobFormatLimits.aheadMs) {
    throw new PlasmdError("not_yet_valid", `Receipt is from the future: ${receipt.completed_at}`);
  }
  return receipt;
}

// DESIGN 11: the job's id binds module, input, limits and the worker that it is meant for.
function checkJob(receipt: Receipt, { id, spec }: OpenedJobSpec): void {
  same("job", receipt.job_id, id);
  same("worker", receipt.worker, spec.worker);
  same("submitter", receipt.submitter, spec.submitter);
  same("module", receipt.module, spec.module);
  const kept = receipt.stdout.size + receipt.stderr.size;
  if (kept > spec.limits.output_bytes) {
    throw new PlasmdError("mismatch", `Receipt has ${kept} bytes of output, above the job's limit`);
  }
}

function checkStream(receipt: Receipt, name: "stdout" | "stderr", bytes?: Uint8Array): void {
  if (bytes === undefined) return;
  same(`size of ${name}`, String(receipt[name].size), String(bytes.length));
  same(name, receipt[name].hash, `sha256:${sha256Hex(bytes)}`);
}

function checkEnd({ completion, exit_code, stdout, stderr }: Receipt): void {
  const cut = stdout.truncated || stderr.truncated;
  if (completion !== "exit") {
    // DESIGN 13: only a module that ends by itself has an exit code of its own.
    return same(`exit code of ${completion}`, String(exit_code), `${ended(completion).exitCode}`);
  }
  if (cut) {
    throw new PlasmdError("mismatch", "Receipt says that the job exited, and that it was cut");
  }
}

function same(what: string, inReceipt: string, expected: string): void {
  if (inReceipt === expected) return;
  throw new PlasmdError(
    "mismatch",
    `Receipt is for another ${what}: it has ${inReceipt}, expected is ${expected}`,
  );
}
