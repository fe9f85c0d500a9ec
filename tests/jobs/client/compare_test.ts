import assert from "node:assert/strict";
import fc from "fast-check";
import type { Receipt } from "../../../src/formats/receipt.ts";
import { compareReceipts } from "../../../src/jobs/client/compare.ts";

function receipt(worker: string, changes: Partial<Receipt> = {}): Receipt {
  const stream = { hash: `sha256:${"0".repeat(64)}`, size: 3, truncated: false };
  return {
    receipt_version: 1,
    job_id: `sha256:${worker}`,
    worker,
    submitter: "ed25519:s",
    module: "sha256:m",
    exit_code: 0,
    completion: "exit",
    stdout: stream,
    stderr: stream,
    started_at: "2026-11-24T00:00:00Z",
    completed_at: "2026-11-24T00:00:01Z",
    runtime: "v8-wasi-0.1",
    arch: "x86_64",
    signatures: [],
    ...changes,
  };
}

const lie = { stdout: { hash: `sha256:${"1".repeat(64)}`, size: 3, truncated: false } };

Deno.test("receipts that differ in time, place and worker alone agree", () => {
  const other = receipt("b", { completed_at: "2026-11-24T00:09:00Z", arch: "arm64" });
  const { agreed, differing } = compareReceipts([receipt("a"), other]);
  assert.equal(agreed, true);
  assert.deepEqual(differing, []);
});

Deno.test("the one that says something else than most is named", () => {
  for (const change of [lie, { exit_code: 1 }, { completion: "trap" as const }]) {
    const { agreed, differing } = compareReceipts([
      ...[receipt("a"), receipt("liar", change), receipt("c")],
    ]);
    assert.equal(agreed, false);
    assert.deepEqual(differing.map(({ worker }) => worker), ["liar"]);
  }
});

Deno.test("where as many say one thing as another, nobody is believed", () => {
  const { majority, differing } = compareReceipts([receipt("a"), receipt("b", lie)]);
  assert.deepEqual(majority, []);
  assert.equal(differing.length, 2);
});

Deno.test("each receipt is of the majority or differs, whatever they say", () => {
  const receipts = fc.array(fc.nat(3).map((exit_code) => receipt("w", { exit_code })), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(fc.property(receipts, (all) => {
    const { agreed, majority, differing } = compareReceipts(all);
    assert.equal(majority.length + differing.length, all.length);
    assert.equal(agreed, differing.length === 0);
    assert.ok(majority.every(({ exit_code }) => exit_code === majority[0]!.exit_code));
  }));
});
