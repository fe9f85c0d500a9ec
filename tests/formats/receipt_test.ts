import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalBytes } from "../../src/formats/json.ts";
import { completions, openReceipt, receiptPrefix, sealReceipt } from "../../src/formats/receipt.ts";
import { type Prefix, sign } from "../../src/formats/signed.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { digestOf, receiptFields, testSubmitter, testWorker } from "../support/jobs.ts";
import { testIdentity } from "../support/manifests.ts";

const pinned = { worker: testWorker.keyid };
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const good = sealReceipt(receiptFields(), testWorker);

// deno-lint-ignore no-explicit-any -- the tests put wrong things into it
function spoilt(change: (receipt: any) => void, prefix: Prefix = receiptPrefix): Uint8Array {
  const receipt = JSON.parse(decode(good));
  change(receipt);
  return sign(prefix, { ...receipt, signatures: [] }, [testWorker]);
}

function refused(bytes: Uint8Array, message: RegExp, code = "malformed") {
  assert.throws(() => openReceipt(bytes, pinned), { name: "PlasmdError", code, message });
}

Deno.test("a receipt is read as the worker signed it", () => {
  const { signatures, receipt_version: version, ...fields } = openReceipt(good, pinned);
  assert.deepEqual(fields, receiptFields());
  assert.equal(version, 1);
  assert.equal(signatures.length, 1);
});

Deno.test("the bytes of a receipt are what they were in every release", () => {
  assert.equal(good.length, 941);
  assert.equal(sha256Hex(good), "b35b668a56c9627b276d6fa9a01660ad9ff5d59ea49455425e63ef4a4e127c84");
});

Deno.test("a receipt holds ASCII only, whatever came of the job", () => {
  for (const completion of completions) {
    const bytes = sealReceipt(receiptFields({ completion, exit_code: 255 }), testWorker);
    assert.ok(bytes.every((byte) => byte >= 0x20 && byte < 0x7f));
  }
});

Deno.test("the worker is pinned: its name in the receipt proves nothing", () => {
  const liar = testIdentity(3);
  const own = sealReceipt(receiptFields({ worker: liar.keyid }), liar);
  refused(own, /that of another worker/, "untrusted");
  assert.equal(openReceipt(own, { worker: liar.keyid }).worker, liar.keyid);
  const { signatures: _, ...bare } = JSON.parse(decode(good));
  refused(sign(receiptPrefix, bare, [liar]), /not signed by its worker alone/, "untrusted");
  refused(sign(receiptPrefix, bare, [liar, testWorker]), /alone/, "untrusted");
  refused(canonicalBytes({ ...bare, signatures: [] }), /alone/, "untrusted");
  assert.throws(() => sealReceipt(receiptFields(), liar), { code: "failed" });
});

Deno.test("a receipt that was altered in any member is refused", () => {
  const receipt = JSON.parse(decode(good));
  const changes = {
    job_id: digestOf("another"),
    submitter: testIdentity(3).keyid,
    module: digestOf("another"),
    exit_code: 0,
    completion: "trap",
    stdout: { ...receipt.stdout, size: 7 },
    stderr: { ...receipt.stderr, truncated: true },
    started_at: "2025-11-26T12:00:00Z",
    completed_at: "2025-11-26T12:00:03Z",
    runtime: "v8-wasi-0.2",
    arch: "arm64",
  };
  for (const [member, value] of Object.entries(changes)) {
    const bytes = canonicalBytes({ ...receipt, [member]: value });
    refused(bytes, /signature of the receipt is not valid/, "untrusted");
  }
  refused(spoilt(() => {}, "phase-job:v1:"), /not valid/, "untrusted");
});

Deno.test("every member that is missing, of another kind or out of bounds is named", () => {
  const wrong: Record<string, readonly unknown[]> = {
    receipt_version: [0, 2, "1", null],
    job_id: [null, 1, "ab".repeat(32)],
    worker: [null, 1, "ed25519:"],
    submitter: [null, 1, testSubmitter.peerId],
    module: [null, "sha256:"],
    exit_code: [null, -1, 256, "0"],
    completion: [null, "", "exited", "EXIT", 1],
    stdout: [null, [], {}, { hash: digestOf(""), size: 0, truncated: 0 }],
    stderr: [null, { hash: digestOf(""), size: -1, truncated: false }, {
      hash: "x",
      size: 0,
      truncated: false,
    }, { hash: digestOf(""), size: 0, truncated: false, more: 1 }],
    started_at: [null, 1, "2025-11-26", "2026-11-26T12:00:00Z"],
    completed_at: [null, "soon", "2025-11-26T12:00:00Z"],
    runtime: [null, "", "V8", "a b", "x".repeat(33), "\u00e9"],
    arch: [null, "aarch64", "amd64", "mips"],
  };
  for (const [member, values] of Object.entries(wrong)) {
    const named = /_at$/.test(member) ? /"(started|completed)_at/ : new RegExp(`"${member}`);
    refused(spoilt((receipt) => delete receipt[member]), named);
    for (const value of values) refused(spoilt((receipt) => receipt[member] = value), named);
  }
  refused(spoilt((receipt) => receipt.note = "x"), /"note" is not known/);
});

Deno.test("no changed byte is accepted, and no bytes break the reader", () => {
  const outcome = (bytes: Uint8Array) => {
    try {
      openReceipt(bytes, pinned);
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError, String(thrown));
      return thrown.code;
    }
  };
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = good.slice();
      bytes[at]! ^= flip;
      assert.match(outcome(bytes) ?? "", /malformed|untrusted/);
    }),
    { numRuns: 200 },
  );
  for (let length = 0; length < good.length; length += 13) {
    assert.equal(outcome(good.subarray(0, length)), "malformed");
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 9000 }), (bytes) => {
    assert.equal(outcome(bytes), "malformed");
  }));
  assert.equal(outcome(Uint8Array.from([...good, 0x0a])), "malformed");
  assert.equal(outcome(spoilt((receipt) => receipt.runtime = "x".repeat(9000))), "malformed");
});

Deno.test("any outcome is read as it was signed", () => {
  const stream = fc.record({
    hash: fc.string().map(digestOf),
    size: fc.nat(),
    truncated: fc.boolean(),
  }, { noNullPrototype: true });
  const changes = fc.record({
    exit_code: fc.nat(255),
    completion: fc.constantFrom(...completions),
    stdout: stream,
    stderr: stream,
  });
  fc.assert(
    fc.property(changes, (change) => {
      const bytes = sealReceipt(receiptFields(change), testWorker);
      const { signatures: _, receipt_version: _version, ...fields } = openReceipt(bytes, pinned);
      assert.deepEqual(fields, receiptFields(change));
    }),
    { numRuns: 50 },
  );
});
