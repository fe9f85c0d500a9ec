import assert from "node:assert/strict";
import type { ManifestFields } from "../../src/formats/manifest.ts";
import { buildManifest } from "../../src/formats/manifest.ts";
import { canonicalBytes } from "../../src/formats/json.ts";
import { formatTime } from "../../src/formats/time.ts";
import { manifestPrefix, sign } from "../../src/formats/signed.ts";
import { makePolicy, policyFromKeys } from "../../src/trust/policy.ts";
import { floorOf, verifyManifest, type VerifyOptions } from "../../src/trust/verify.ts";
import { madeAt, manifestFields, signedManifest, testIdentity } from "../support/manifests.ts";
import { torsionedSignatures } from "../support/torsion.ts";
import { signedBytes } from "../../src/formats/signed.ts";

const [one, two, three] = [testIdentity(1), testIdentity(2), testIdentity(3)];
const hour = 3_600_000;
const day = 24 * hour;
const policy = policyFromKeys([one.keyid]);
const usual: VerifyOptions = { policy, channel: "stable", arch: "arm64", now: madeAt + hour };

function verify(bytes: Uint8Array, options: Partial<VerifyOptions> = {}) {
  return verifyManifest(bytes, { ...usual, ...options });
}

function refused(bytes: Uint8Array, options: Partial<VerifyOptions>, code: string, message = /./) {
  assert.throws(() => verify(bytes, options), { name: "PlasmdError", code, message });
}

/** A manifest made so many milliseconds after the usual one. */
function madeLater(ms: number, changes: Partial<ManifestFields> = {}) {
  const times = {
    created_at: formatTime(madeAt + ms),
    expires_at: formatTime(madeAt + ms + 30 * day),
  };
  return signedManifest({ ...times, sequence: (madeAt + ms) / 1000, ...changes });
}

// deno-lint-ignore no-explicit-any -- spoils it
function tampered(spoil: (manifest: any) => void): Uint8Array {
  const manifest = JSON.parse(new TextDecoder().decode(signedManifest()));
  spoil(manifest);
  return canonicalBytes(manifest);
}

Deno.test("a manifest signed by a pinned key is accepted", () => {
  const bytes = signedManifest();
  const verified = verify(bytes);
  assert.deepEqual(verified.bytes, bytes);
  assert.deepEqual(verified.signers, [one.keyid]);
  assert.match(verified.id, /^sha256:[0-9a-f]{64}$/);
  assert.equal(verified.manifest.version, "2025.11.26");
});

Deno.test("what was verified can't be changed through the buffer that it came in", () => {
  const bytes = signedManifest();
  const before = Uint8Array.from(bytes);
  const verified = verify(bytes);
  bytes.fill(0);
  assert.deepEqual(verified.bytes, before);
  assert.ok(Object.isFrozen(verified.manifest.artifacts.kernel));
});

Deno.test("a tampered manifest is not trusted, whatever was changed", () => {
  const spoilt = [
    tampered((m) => m.version = "2025.11.27"),
    tampered((m) => m.extra = 1),
    tampered((m) => delete m.cmdline),
    tampered((m) => m.cmdline += " init=/bin/sh"),
    tampered((m) => m.artifacts.kernel.hash = `sha256:${"0".repeat(64)}`),
    tampered((m) => m.artifacts.kernel.size += 1),
    tampered((m) => m.artifacts.kernel.path = "/kernel"),
    tampered((m) => m.artifacts.kernel.note = ""),
    tampered((m) => m.expires_at = "2026-01-26T12:00:00Z"),
    tampered((m) => m.sequence += 1),
    tampered((m) => m.signatures[0].sig = new Uint8Array(64).toBase64()),
    tampered((m) => m.signatures[0].keyid = two.keyid),
  ];
  for (const bytes of spoilt) refused(bytes, {}, "untrusted", /changed after it was signed/);
});

Deno.test("a manifest without signatures, or of a stranger, is not trusted", () => {
  refused(tampered((m) => m.signatures = []), {}, "untrusted", /not signed/);
  refused(signedManifest({}, [two]), {}, "untrusted", new RegExp(`signed by ${two.keyid} only`));
});

Deno.test("the refusal says whose signatures are asked for", () => {
  const expected = { hint: new RegExp(`policy from --trust asks for:\n1 of ${one.keyid}`) };
  assert.throws(() => verify(signedManifest({}, [two])), expected);
});

Deno.test("bytes that are no canonical manifest are malformed", () => {
  const text = new TextDecoder().decode(signedManifest());
  const encode = (changed: string) => new TextEncoder().encode(changed);
  const bad = [
    encode(""),
    encode(`${text}\n`),
    encode(JSON.stringify(JSON.parse(text), null, 2)),
    encode(text.replace('"arch":"arm64"', '"arch":"arm64","arch":"arm64"')),
    encode(text.replace('"path":', '"path":"/kernel","path":')),
    encode(text.replace("{", '{"__proto__":{"x":1},')),
    encode(text.replace(/"sequence":\d+/, '"sequence":1e999')),
    encode(text.replace("console=ttyS0", "\\ud800")),
    encode(text.replace("/stable/arm64/kernel", "/../kernel")),
    encode(text.replace("/stable/arm64/kernel", "//host/kernel")),
    encode("[".repeat(100_000)),
    new Uint8Array(2 * 1024 * 1024).fill(0x20),
    encode("<html>404 Not Found</html>"),
  ];
  for (const bytes of bad) refused(bytes, {}, "malformed");
});

Deno.test("a threshold is reached by distinct keys only", () => {
  const keys = [one.keyid, two.keyid, three.keyid];
  const both = policyFromKeys(keys, { threshold: 2 });
  refused(signedManifest({}, [one]), { policy: both }, "untrusted");
  assert.deepEqual(
    [...verify(signedManifest({}, [one, three]), { policy: both }).signers].sort(),
    [one.keyid, three.keyid].sort(),
  );
  const twice = tampered((m) => m.signatures = [m.signatures[0], m.signatures[0]]);
  refused(twice, { policy: both }, "untrusted");
  verify(twice);
});

Deno.test("a signature of a stranger beside enough others changes nothing", () => {
  const bytes = signedManifest({}, [one, two]);
  assert.deepEqual(verify(bytes).signers, [one.keyid]);
});

Deno.test("a manifest whose signature has a torsioned R is not trusted", () => {
  const manifest = buildManifest(manifestFields());
  for (const sig of torsionedSignatures(one.seed, signedBytes(manifestPrefix, manifest))) {
    const signatures = [{ keyid: one.keyid, sig: sig.toBase64() }];
    refused(canonicalBytes({ ...manifest, signatures }), {}, "untrusted");
  }
});

Deno.test("a signature over another format with the same bytes doesn't count", () => {
  const manifest = buildManifest(manifestFields());
  refused(sign("phase-job:v1:", manifest, [one]), {}, "untrusted");
});

Deno.test("another channel or arch than asked for is refused, any is accepted when none is", () => {
  refused(
    signedManifest(),
    { channel: "testing" },
    "wrong_target",
    /stable\/arm64, not for channel/,
  );
  refused(signedManifest(), { arch: "x86_64" }, "wrong_target", /not for arch "x86_64"/);
  verify(signedManifest(), { channel: undefined, arch: undefined });
});

Deno.test("any publisher may accept, for its own channels only", () => {
  const two_of = makePolicy([
    { keys: [one.keyid], threshold: 1, channels: ["testing"] },
    { keys: [two.keyid, three.keyid], threshold: 2 },
  ], "test");
  refused(signedManifest(), { policy: two_of }, "untrusted");
  verify(signedManifest({}, [two, three]), { policy: two_of });
  const testing = { channel: "testing", policy: two_of };
  const artifacts = { kernel: { ...manifestFields().artifacts.kernel, path: "/kernel" } };
  verify(signedManifest({ channel: "testing", artifacts }), testing);
});

Deno.test("a manifest is accepted until the second in which it expires", () => {
  const end = madeAt + 30 * day;
  verify(signedManifest(), { now: end - 1 });
  refused(signedManifest(), { now: end }, "expired", /expires_at is 2025-12-26T12:00:00Z/);
  refused(signedManifest(), { now: end + 1 }, "expired");
});

Deno.test("a manifest may be made up to a day ahead of the clock, no more", () => {
  verify(signedManifest(), { now: madeAt - day });
  refused(signedManifest(), { now: madeAt - day - 1 }, "not_yet_valid", /made in the future/);
});

Deno.test("a clock behind the build time refuses nothing for being from the future", () => {
  const buildTime = madeAt - 10 * day;
  verify(signedManifest(), { now: 0, buildTime });
  verify(signedManifest(), { now: buildTime - 1, buildTime });
  refused(signedManifest(), { now: buildTime, buildTime }, "not_yet_valid");
});

Deno.test("a clock before this program was written is wrong also without a build time", () => {
  verify(signedManifest(), { now: 0 });
  verify(signedManifest(), { now: Date.UTC(2019, 5) });
});

Deno.test("a clock that was set back can't bring an expired manifest to life", () => {
  const end = madeAt + 30 * day;
  refused(signedManifest(), { now: 0, buildTime: end }, "expired");
  const late = policyFromKeys([one.keyid], { notBefore: end });
  refused(signedManifest(), { now: madeAt, policy: late }, "expired");
  const floor = { sequence: 1, id: "sha256:x", createdAt: end };
  refused(signedManifest(), { now: madeAt, floor }, "expired");
});

Deno.test("a manifest older than the policy's not_before is refused", () => {
  const at = (notBefore: number) => policyFromKeys([one.keyid], { notBefore });
  verify(signedManifest(), { policy: at(madeAt) });
  const message = /older than the policy allows.* not_before is 2025-11-26T12:00:01Z/;
  refused(signedManifest(), { policy: at(madeAt + 1000) }, "not_yet_valid", message);
});

Deno.test("one publisher's not_before doesn't bind another's", () => {
  const later = madeAt + hour;
  const mixed = makePolicy([
    { keys: [one.keyid], threshold: 1, notBefore: later },
    { keys: [two.keyid], threshold: 1 },
  ], "test");
  refused(signedManifest({}, [one]), { policy: mixed }, "not_yet_valid");
  verify(signedManifest({}, [two]), { policy: mixed });
  assert.deepEqual([...verify(signedManifest({}, [one, two]), { policy: mixed }).signers], [
    ...[one.keyid, two.keyid].sort(),
  ]);
});

Deno.test("nothing below the floor is accepted, and the floor itself is", () => {
  const floor = floorOf(verify(madeLater(hour)).manifest);
  const now = madeAt + 2 * hour;
  verify(madeLater(hour), { floor, now });
  verify(madeLater(2 * hour), { floor, now });
  refused(
    signedManifest(),
    { floor, now },
    "rollback",
    /its sequence is \d+, and \d+ was accepted/,
  );
});

Deno.test("one sequence is one manifest", () => {
  const floor = floorOf(verify(signedManifest()).manifest);
  const other = signedManifest({ cmdline: "quiet" });
  refused(other, { floor }, "rollback", /another manifest with sequence/);
  // A further signature is the same manifest.
  verify(signedManifest({}, [one, two]), { floor });
});

Deno.test("a rollback is accepted when it is asked for", () => {
  const floor = floorOf(verify(madeLater(hour)).manifest);
  verify(signedManifest(), { floor, allowRollback: true });
  assert.throws(() => verify(signedManifest(), { floor }), { hint: /--allow-rollback/ });
});

Deno.test("the first check that fails is the one that is told", () => {
  const floor = { sequence: 2 ** 40, id: "sha256:x", createdAt: 0 };
  const stranger = policyFromKeys([two.keyid]);
  const late = madeAt + 100 * day;
  const all = { channel: "testing", now: late, floor };
  refused(new TextEncoder().encode("{}"), { ...all, policy: stranger }, "malformed");
  refused(signedManifest(), { ...all, policy: stranger }, "untrusted");
  refused(signedManifest(), all, "wrong_target");
  refused(signedManifest(), { ...all, channel: "stable" }, "expired");
  refused(signedManifest(), { floor }, "rollback");
});
