import assert from "node:assert/strict";
import { policyFromKeys } from "../../src/trust/policy.ts";
import { verifyManifest } from "../../src/trust/verify.ts";
import { madeAt, signedManifest, testIdentity } from "../support/manifests.ts";

Deno.test("a manifest signed by a pinned key is accepted", () => {
  const bytes = signedManifest();
  const policy = policyFromKeys([testIdentity(1).keyid]);
  const verified = verifyManifest(bytes, { policy, channel: "stable", arch: "arm64", now: madeAt });
  assert.deepEqual(verified.bytes, bytes);
  assert.deepEqual(verified.signers, [testIdentity(1).keyid]);
  assert.match(verified.id, /^sha256:[0-9a-f]{64}$/);
});
