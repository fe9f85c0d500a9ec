/**
 * What a worker says came of a job, signed by it. It proves what the worker claims. DESIGN 11.
 *
 * @module
 */

import type { Identity } from "../identity/key_file.ts";
import { PlasmdError } from "../lib/errors.ts";
import { jobFormatLimits as limits } from "../lib/limits.ts";
import { type JsonObject, type JsonValue, parseCanonical } from "./json.ts";
import type { Members } from "./members.ts";
import { type Arch, arches } from "./names.ts";
import { checkFrame, checkSigner, type OneSignerKind, sealOne } from "./one_signer.ts";
import type { Prefix, Signature } from "./signed.ts";

/** The prefix of receipts. */
export const receiptPrefix: Prefix = "phase-receipt:v1:";

/** How a job ended: by itself, or by what. */
export type ReceiptCompletion = typeof completions[number];

/** All ways to end. */
export const completions = ["exit", "trap", "timeout", "memory", "output", "cancelled"] as const;

/** One stream of a job's output, as the worker kept it. */
export interface ReceiptStream {
  /** `sha256:` of the kept bytes. */
  readonly hash: string;
  /** How many they are. */
  readonly size: number;
  /** Whether the limit on output ended the job, so that bytes may be missing. */
  readonly truncated: boolean;
}

/** What a receipt says before the worker signs it. */
export interface ReceiptFields {
  /** `sha256:` of the job's signed bytes: it stands for the module, the input and the limits. */
  readonly job_id: string;
  /** The keyid of the worker. */
  readonly worker: string;
  /** The keyid of who submitted the job. */
  readonly submitter: string;
  /** `sha256:` of the module. */
  readonly module: string;
  readonly exit_code: number;
  readonly completion: ReceiptCompletion;
  readonly stdout: ReceiptStream;
  readonly stderr: ReceiptStream;
  readonly started_at: string;
  readonly completed_at: string;
  /** What ran it: `v8-wasi-0.1` or `v8-wasi-0.2`. */
  readonly runtime: string;
  readonly arch: Arch;
}

/** A receipt, well-formed. */
export interface Receipt extends ReceiptFields {
  readonly receipt_version: 1;
  /** Exactly one, by the worker. */
  readonly signatures: readonly Signature[];
}

const kind: OneSignerKind = {
  what: "receipt",
  prefix: receiptPrefix,
  version: "receipt_version",
  signer: "worker",
  members: [
    "job_id",
    "submitter",
    "module",
    "exit_code",
    "completion",
    "stdout",
    "stderr",
    "started_at",
    "completed_at",
    "runtime",
    "arch",
  ],
};

/**
 * The signed bytes of a receipt, checked by the same rules as one that is read.
 *
 * @throws {PlasmdError} `malformed`, naming the member; `failed` where the key isn't the worker's
 */
export function sealReceipt(
  fields: ReceiptFields,
  identity: Pick<Identity, "seed" | "keyid">,
): Uint8Array<ArrayBuffer> {
  const bytes = sealOne({ ...fields, receipt_version: 1 } as unknown as JsonObject, kind, identity);
  parseReceipt(bytes);
  return bytes;
}

/**
 * The receipt that the bytes hold, signed by the worker that is pinned.
 *
 * @throws {PlasmdError} `malformed`, naming the member; `untrusted` for a wrong signature, or that
 * of another worker
 */
export function openReceipt(bytes: Uint8Array, { worker }: { readonly worker: string }): Receipt {
  const receipt = parseReceipt(bytes);
  // DESIGN 11: a receipt is worth what its worker's key is: it is never taken from the receipt.
  if (receipt.worker !== worker) {
    throw new PlasmdError("untrusted", `The receipt is that of another worker: ${receipt.worker}`);
  }
  checkSigner(receipt as unknown as JsonObject, kind);
  return receipt;
}

/** All of it is ASCII, so that simple tools write its canonical form, too. */
function parseReceipt(bytes: Uint8Array): Receipt {
  const object = parseCanonical(bytes, { what: kind.what, max: limits.receiptBytes });
  const members = checkFrame(object, kind);
  members.digest(object.job_id, "job_id");
  members.keyid(object.submitter, "submitter");
  members.digest(object.module, "module");
  members.whole(object.exit_code, "exit_code", 0, 255);
  if (!(completions as readonly string[]).includes(members.text(object, "completion"))) {
    members.refuse("completion", `must be one of ${completions.join(", ")}`);
  }
  checkStream(object.stdout, "stdout", members);
  checkStream(object.stderr, "stderr", members);
  if (members.time(object, "completed_at") < members.time(object, "started_at")) {
    members.refuse("completed_at", "is before started_at");
  }
  if (!/^[a-z0-9][a-z0-9.-]{0,31}$/.test(members.text(object, "runtime"))) {
    members.refuse("runtime", "must be 1 to 32 of a-z, 0-9, '.', '-'");
  }
  if (!(arches as readonly string[]).includes(members.text(object, "arch"))) {
    members.refuse("arch", "must be arm64 or x86_64");
  }
  return object as unknown as Receipt;
}

function checkStream(value: JsonValue | undefined, at: string, members: Members): void {
  const stream = members.object(value, at);
  members.only(stream, ["hash", "size", "truncated"], `${at}.`);
  members.digest(stream.hash, `${at}.hash`);
  members.whole(stream.size, `${at}.size`, 0, limits.askedBytes);
  if (typeof stream.truncated !== "boolean") {
    members.refuse(`${at}.truncated`, "must be true or false");
  }
}
