import assert from "node:assert/strict";
import fc from "fast-check";
import { jobCancelPrefix, openJobCancel, sealJobCancel } from "../../src/formats/job_cancel.ts";
import { canonicalBytes } from "../../src/formats/json.ts";
import { sign } from "../../src/formats/signed.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { digestOf, testSubmitter } from "../support/jobs.ts";
import { testIdentity } from "../support/manifests.ts";

const id = digestOf("a job");
const good = sealJobCancel(id, testSubmitter);
const plain = JSON.parse(new TextDecoder().decode(good));

function refused(bytes: Uint8Array, message: RegExp, code = "malformed") {
  assert.throws(() => openJobCancel(bytes), { name: "PlasmdError", code, message });
}

Deno.test("a cancel names the job and who asks, and is signed by them", () => {
  const { signatures, ...cancel } = openJobCancel(good);
  assert.deepEqual(cancel, { cancel_version: 1, job_id: id, submitter: testSubmitter.keyid });
  assert.equal(signatures.length, 1);
});

Deno.test("the bytes of a cancel are what they were in every release", () => {
  assert.equal(sha256Hex(good), "a54accdc64c0aef6902846e1668b68a426783c68e2f33daa1179f3b7206f02f9");
});

Deno.test("a cancel is no job's signature, and no stranger's", () => {
  const { signatures: _, ...bare } = plain;
  refused(sign("phase-job:v1:", bare, [testSubmitter]), /not valid/, "untrusted");
  refused(
    sign(jobCancelPrefix, bare, [testIdentity(3)]),
    /not signed by its submitter/,
    "untrusted",
  );
  refused(canonicalBytes({ ...plain, job_id: digestOf("another") }), /not valid/, "untrusted");
  refused(canonicalBytes({ ...bare, signatures: [] }), /alone/, "untrusted");
});

Deno.test("what is malformed is refused and named", () => {
  const wrong: Record<string, readonly unknown[]> = {
    cancel_version: [0, 2, "1", null],
    job_id: [null, 1, "", "ab".repeat(32), `sha256:${"AB".repeat(32)}`],
    submitter: [null, 1, "", testSubmitter.peerId],
    signatures: [null, {}, [1], [{ keyid: testSubmitter.keyid }]],
  };
  for (const [member, values] of Object.entries(wrong)) {
    const { [member]: _, ...rest } = plain;
    refused(canonicalBytes(rest), new RegExp(`"${member}`));
    for (const value of values) {
      refused(canonicalBytes({ ...plain, [member]: value }), new RegExp(`"${member}`));
    }
  }
  refused(canonicalBytes({ ...plain, reason: "bored" }), /"reason" is not known/);
  refused(canonicalBytes({ ...plain, pad: "x".repeat(5000) }), /size is/);
  refused(Uint8Array.from([...good, 0x0a]), /canonical form/);
  assert.throws(() => sealJobCancel("ab".repeat(32), testSubmitter), { code: "malformed" });
});

Deno.test("no changed byte is accepted, and no bytes break the reader", () => {
  const outcome = (bytes: Uint8Array) => {
    try {
      openJobCancel(bytes);
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
  fc.assert(fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
    assert.equal(outcome(bytes), "malformed");
  }));
});
