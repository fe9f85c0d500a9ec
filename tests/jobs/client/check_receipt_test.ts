import { equal, throws } from "node:assert/strict";
import { openJobSpec } from "../../../src/formats/job_spec.ts";
import { type ReceiptFields, sealReceipt } from "../../../src/formats/receipt.ts";
import { checkReceipt, type Expected } from "../../../src/jobs/client/check_receipt.ts";
import {
  digestOf,
  receiptFields,
  signedJob,
  testSubmitter,
  testWorker,
} from "../../support/jobs.ts";

const job = openJobSpec(signedJob());
const now = Date.parse("2025-11-26T12:00:03Z");
const hello = new TextEncoder().encode("hello\n");
const expected: Expected = { worker: testWorker.keyid, job, stdout: hello, now };

function receipt(changes: Partial<ReceiptFields> = {}): Uint8Array {
  return sealReceipt(receiptFields({ job_id: job.id, ...changes }), testWorker);
}

Deno.test("a receipt that agrees with job, key and output is accepted", () => {
  equal(checkReceipt(receipt(), { ...expected, stderr: new Uint8Array() }).exit_code, 3);
});

const lies: [string, Partial<ReceiptFields>, RegExp][] = [
  ["another job", { job_id: digestOf("other") }, /another job/],
  ["another module", { module: digestOf("other") }, /another module/],
  ["another submitter", { submitter: testWorker.keyid }, /another submitter/],
  ["other output", { stdout: { hash: digestOf("x"), size: 6, truncated: false } }, /stdout/],
  ["another size", { stdout: { hash: digestOf("hello\n"), size: 5, truncated: false } }, /size/],
  ["more than the job may write", {
    stderr: { hash: digestOf(""), size: 1 << 20, truncated: false },
  }, /above the job's limit/],
  ["an exit that was cut", {
    stdout: { hash: digestOf("hello\n"), size: 6, truncated: true },
  }, /cut/],
];

const ends = { trap: 134, timeout: 124, memory: 137, output: 1, cancelled: 130 } as const;
for (const completion of ["trap", "timeout", "memory", "output", "cancelled"] as const) {
  Deno.test(`a receipt for an end by ${completion} has its exit code, and no other`, () => {
    const exit_code = ends[completion];
    equal(checkReceipt(receipt({ completion, exit_code }), expected).exit_code, exit_code);
    throws(() => checkReceipt(receipt({ completion, exit_code: 0 }), expected), {
      code: "mismatch",
      message: new RegExp(`exit code of ${completion}`),
    });
  });
}

for (const [what, changes, message] of lies) {
  Deno.test(`a receipt for ${what} is refused with the reason`, () => {
    throws(() => checkReceipt(receipt(changes), expected), { code: "mismatch", message });
  });
}

Deno.test("a receipt from the future is refused", () => {
  const late = receipt({ completed_at: "2025-11-26T13:00:00Z" });
  throws(() => checkReceipt(late, expected), { code: "not_yet_valid" });
});

Deno.test("a receipt by another key than the pinned one is refused", () => {
  throws(() => checkReceipt(receipt(), { ...expected, worker: testSubmitter.keyid }), {
    code: "untrusted",
  });
});

Deno.test("a receipt with a changed byte is refused", () => {
  const bytes = new TextEncoder().encode(
    new TextDecoder().decode(receipt()).replace('"exit_code":3', '"exit_code":0'),
  );
  throws(() => checkReceipt(bytes, expected), { code: "untrusted" });
});
