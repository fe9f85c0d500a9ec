import assert from "node:assert/strict";
import type { KeyList } from "../../src/formats/key_list.ts";
import type { ManifestFields } from "../../src/formats/manifest.ts";
import type { Identity } from "../../src/identity/key_file.ts";
import { makePolicy, policyFromKeys } from "../../src/trust/policy.ts";
import { verifyManifest, type VerifyOptions } from "../../src/trust/verify.ts";
import { roleOf, signAgain, signedKeyList, type TestList } from "../support/key_lists.ts";
import { madeAt, signedManifest, testIdentity } from "../support/manifests.ts";

const [rootA, rootB, rootC] = [1, 2, 3].map(testIdentity) as [Identity, Identity, Identity];
const [first, second, third, stranger] = [4, 5, 6, 7].map(testIdentity) as [
  Identity,
  Identity,
  Identity,
  Identity,
];
const day = 86_400_000;
const pinA = policyFromKeys([`root:${rootA.keyid}`]);
const now = madeAt + 3_600_000;

function list(
  version: number,
  root: Identity,
  publish: Identity[],
  { signers = [root], ...more }: Partial<TestList> & { signers?: Identity[] } = {},
): KeyList {
  const roles = { root: roleOf([root]), publish: roleOf(publish) };
  return signedKeyList({ list_version: version, ...roles, ...more }, signers);
}

/** Two rotations: the publish key twice, the root key once. */
const lists = [
  list(1, rootA, [first]),
  list(2, rootA, [second]),
  list(3, rootB, [third], { signers: [rootA, rootB] }),
];

function verify(
  key_lists: readonly KeyList[] | undefined,
  signers: Identity[],
  options: Partial<VerifyOptions> = {},
  changes: Partial<ManifestFields> = {},
) {
  const bytes = signedManifest({ ...(key_lists && { key_lists }), ...changes }, signers);
  return verifyManifest(bytes, { policy: pinA, now, ...options });
}

function refused(
  key_lists: readonly KeyList[] | undefined,
  signers: Identity[],
  code: string,
  message: RegExp,
  options: Partial<VerifyOptions> = {},
) {
  assert.throws(() => verify(key_lists, signers, options), { name: "PlasmdError", code, message });
}

Deno.test("the publish keys of the last list sign the manifest", () => {
  const verified = verify(lists, [third]);
  assert.deepEqual(verified.signers, [third.keyid]);
  assert.deepEqual(verified.chains.map(({ pinned, lists }) => [pinned, lists.length]), [
    [{ keys: [rootA.keyid], threshold: 1 }, 3],
  ]);
});

Deno.test("a stick made before two rotations still boots, and so does one made today", () => {
  for (const root of [rootA, rootB]) {
    verify(lists, [third], { policy: policyFromKeys([`root:${root.keyid}`]) });
  }
});

Deno.test("a key that was revoked is refused with the next list", () => {
  verify(lists.slice(0, 1), [first]);
  const message = new RegExp(`: its key list 2 asks for 1 of ${second.keyid}`);
  refused(lists.slice(0, 2), [first], "untrusted", message);
  refused(lists, [second], "untrusted", new RegExp(`list 3 asks for 1 of ${third.keyid}`));
});

Deno.test("a revoked key can't come back with the older lists, once later ones were accepted", () => {
  refused(
    lists.slice(0, 1),
    [first],
    "rollback",
    /the last key list is 1, and list 3 was accepted before/,
    { knownLists: [lists] },
  );
  verify(lists, [third], { knownLists: [lists] });
  verify([...lists, list(4, rootB, [first])], [first], { knownLists: [lists] });
});

Deno.test("a gap in the chain is refused", () => {
  refused([lists[0]!, lists[2]!], [third], "untrusted", /list 1 is followed by list 3, list 2 is/);
});

Deno.test("lists signed by the wrong roots are refused", () => {
  const policy = policyFromKeys([`root:${rootC.keyid}`]);
  refused(lists, [third], "untrusted", /none of its 3 key lists is signed by a pinned/, { policy });
  const forged = [lists[0]!, list(2, rootC, [stranger])];
  refused(forged, [stranger], "untrusted", /key list 2 is signed by 0 of the 1 root key/);
});

Deno.test("a root key that signs a manifest is refused, also beside enough others", () => {
  const message = new RegExp(`the root key ${rootA.keyid} signed it: root keys sign key lists`);
  refused(lists, [rootA], "untrusted", message);
  refused(lists, [third, rootA], "untrusted", message);
  refused(lists, [third, rootB], "untrusted", /the root key .* signed it/);
  refused(undefined, [rootA], "untrusted", /it carries no key lists, and the policy pins root/);
});

Deno.test("a key that was a root key doesn't become one that signs manifests", () => {
  const policy = policyFromKeys([`root:${rootA.keyid}`]);
  const turned = [...lists, list(4, rootB, [rootA])];
  refused(turned, [rootA], "untrusted", /the root key .* signed it/, { policy });
});

Deno.test("an expired last list is refused, an expired one before it isn't", () => {
  const old = { created_at: "2025-01-01T00:00:00Z", expires_at: "2025-02-01T00:00:00Z" };
  refused(
    [list(1, rootA, [first], old)],
    [first],
    "expired",
    /Key list 1 of the manifest has expired: expires_at is 2025-02-01T00:00:00Z/,
  );
  verify([list(1, rootA, [first], old), list(2, rootA, [first])], [first]);
});

Deno.test("a list is accepted until the second in which it expires", () => {
  const end = madeAt + 10 * day;
  const short = [list(1, rootA, [first], { expires_at: "2025-12-06T12:00:00Z" })];
  verify(short, [first], { now: end - 1 });
  refused(short, [first], "expired", /Key list 1/, { now: end });
});

Deno.test("a last list from the future or older than not_before is refused", () => {
  const later = {
    created_at: "2025-11-28T12:00:00Z",
    expires_at: "2026-01-01T00:00:00Z",
  };
  refused([list(1, rootA, [first], later)], [first], "not_yet_valid", /Key list 1 .* the future/);
  verify([list(1, rootA, [first], later)], [first], { now: 0 });
  const policy = policyFromKeys([`root:${rootA.keyid}`], { notBefore: madeAt });
  refused(
    lists.slice(0, 1),
    [first],
    "not_yet_valid",
    /Key list 1 of the manifest is older than the policy allows/,
    { policy },
  );
});

Deno.test("thresholds of root keys and publish keys are reached by distinct keys", () => {
  const roles = {
    root: roleOf([rootA, rootB], 2),
    publish: roleOf([first, second, third], 2),
  };
  const one = signedKeyList({ list_version: 1, ...roles }, [rootA]);
  const both = signAgain(one, [rootB]);
  const policy = policyFromKeys([`root:${rootA.keyid}`, `root:${rootB.keyid}`], { threshold: 2 });
  assert.deepEqual(
    [...verify([both], [first, third], { policy }).signers].sort(),
    [first.keyid, third.keyid].sort(),
  );
  refused([both], [first], "untrusted", /its key list 1 asks for 2 of/, { policy });
  const wrong = /its key list is not signed by 2 pinned root keys/;
  refused([one], [first, second], "untrusted", wrong, { policy });
  const twice = { ...one, signatures: [...one.signatures, ...one.signatures] };
  refused([twice], [first, second], "untrusted", wrong, { policy });
});

Deno.test("a plain pin asks nothing of key lists", () => {
  const policy = policyFromKeys([first.keyid]);
  const verified = verify([lists[2]!, list(9, stranger, [second])], [first], { policy });
  assert.deepEqual(verified.chains, []);
  verify(undefined, [first], { policy });
});

Deno.test("any publisher may accept: one with root keys, or one without", () => {
  const policy = makePolicy([
    { keys: [rootA.keyid], threshold: 1, root: true, channels: ["stable"] },
    { keys: [stranger.keyid], threshold: 1 },
  ], "the test");
  assert.equal(verify(lists, [third], { policy }).chains.length, 1);
  assert.equal(verify(lists, [stranger], { policy }).chains.length, 0);
  assert.equal(verify(undefined, [stranger], { policy }).chains.length, 0);
  assert.throws(() => verify(lists, [first], { policy }), {
    code: "untrusted",
    message: /it is validly signed by ed25519:\w+ only/,
    hint: /1 of root:ed25519:\w+ for stable \(its key list 3 asks for 1 of .*\)\n1 of ed25519/,
  });
});

Deno.test("a rollback that is asked for brings back an image, not a key", () => {
  const known = { knownLists: [[...lists, list(4, rootB, [third, first])]], allowRollback: true };
  // The newest list still names the key that signed the old image.
  const verified = verify(lists.slice(0, 1), [first], known);
  assert.deepEqual(verified.chains[0]!.lists.length, 1);
  refused(
    lists.slice(0, 2),
    [second],
    "untrusted",
    /its key list 4 asks for 1 of/,
    known,
  );
});

Deno.test("the refusal names the pins and where they come from", () => {
  assert.throws(() => verify(lists, [first]), {
    hint: new RegExp(`^the policy from --trust asks for:\n1 of root:${rootA.keyid} \\(its key`),
  });
});
