/**
 * Builders of jobs, their parts and their receipts for tests.
 *
 * @module
 */

import { type JobSpecFields, sealJobSpec } from "../../src/formats/job_spec.ts";
import type { ReceiptFields } from "../../src/formats/receipt.ts";
import type { Identity } from "../../src/identity/key_file.ts";
import { sha256Hex, toBase64 } from "../../src/lib/bytes.ts";
import { testIdentity } from "./manifests.ts";

/** The worker of the jobs of tests. */
export const testWorker: Identity = testIdentity(2);

/** Who submits them, unless another is named. */
export const testSubmitter: Identity = testIdentity(1);

const utf8 = new TextEncoder();

/** `sha256:` of the bytes, or of the text in UTF-8. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${sha256Hex(typeof bytes === "string" ? utf8.encode(bytes) : bytes)}`;
}

/** A nonce that is the same for the same number. */
export function nonceOf(number: number): string {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  return toBase64(bytes);
}

/** The fields of a small job of test key 1 for the worker, some of them changed. */
export function jobFields(changes: Partial<JobSpecFields> = {}): JobSpecFields {
  return {
    submitter: testSubmitter.keyid,
    worker: testWorker.keyid,
    module: digestOf("a module"),
    args: ["one", "two words"],
    env: { LANG: "C" },
    stdin: digestOf("an input"),
    files: { "data/in.txt": digestOf("a file") },
    limits: { wall_ms: 60_000, memory_bytes: 64 << 20, output_bytes: 1 << 20 },
    deterministic: true,
    nonce: nonceOf(1),
    expires_at: "2025-11-26T13:00:00Z",
    ...changes,
  };
}

/** The signed bytes of such a job. */
export function signedJob(
  changes: Partial<JobSpecFields> = {},
  identity: Identity = testSubmitter,
): Uint8Array<ArrayBuffer> {
  return sealJobSpec(jobFields({ submitter: identity.keyid, ...changes }), identity);
}

/** The fields of a receipt for a job, some of them changed. */
export function receiptFields(changes: Partial<ReceiptFields> = {}): ReceiptFields {
  return {
    job_id: digestOf("a job"),
    worker: testWorker.keyid,
    submitter: testSubmitter.keyid,
    module: digestOf("a module"),
    exit_code: 3,
    completion: "exit",
    stdout: { hash: digestOf("hello\n"), size: 6, truncated: false },
    stderr: { hash: digestOf(""), size: 0, truncated: false },
    started_at: "2025-11-26T12:00:01Z",
    completed_at: "2025-11-26T12:00:02Z",
    runtime: "v8-wasi-0.1",
    arch: "x86_64",
    ...changes,
  };
}
