import assert from "node:assert/strict";
import { type KeyList, keyListPrefix } from "../../src/formats/key_list.ts";
import { signedBytes } from "../../src/formats/signed.ts";
import type { Identity } from "../../src/identity/key_file.ts";
import {
  checkContinues,
  lastOf,
  newestChain,
  signersAmong,
  walkChain,
} from "../../src/trust/key_lists.ts";
import { roleOf, signedKeyList } from "../support/key_lists.ts";
import { testIdentity } from "../support/manifests.ts";
import { torsionedSignatures } from "../support/torsion.ts";

const [a, b, c, d] = [1, 2, 3, 4].map(testIdentity) as [Identity, Identity, Identity, Identity];
const publish = roleOf([testIdentity(9)]);

/** A list of these root keys, signed by them and by others. */
function list(version: number, roots: Identity[], signers = roots, threshold = 1): KeyList {
  const root = roleOf(roots, threshold);
  return signedKeyList({ list_version: version, root, publish }, signers);
}

/** a makes way for b, and b for c. */
const rotated = [list(1, [a]), list(2, [b], [a, b]), list(3, [c], [b, c])];
const versionsOf = (lists: readonly KeyList[]) => lists.map((it) => it.list_version);

function untrusted(lists: readonly KeyList[], pinned: Identity[], message: RegExp, threshold = 1) {
  const role = roleOf(pinned, threshold);
  assert.throws(() => walkChain(lists, role), { name: "PlasmdError", code: "untrusted", message });
}

Deno.test("a chain leads from the pinned root keys to the last list", () => {
  assert.deepEqual(versionsOf(walkChain(rotated, roleOf([a]))), [1, 2, 3]);
  assert.equal(lastOf(walkChain(rotated, roleOf([a]))).list_version, 3);
});

Deno.test("it starts at the first list that the pinned root keys sign", () => {
  assert.deepEqual(versionsOf(walkChain(rotated, roleOf([b]))), [2, 3]);
  assert.deepEqual(versionsOf(walkChain(rotated, roleOf([c]))), [3]);
  assert.deepEqual(versionsOf(walkChain(rotated.slice(1), roleOf([a]))), [2, 3]);
  const same = [list(7, [a]), list(8, [a]), list(9, [a])];
  assert.deepEqual(versionsOf(walkChain(same, roleOf([a]))), [7, 8, 9]);
});

Deno.test("lists signed by the wrong roots are refused", () => {
  untrusted(rotated, [d], /None of its 3 key lists is signed by a pinned root key/);
  untrusted([list(1, [a])], [d], /Its key list is not signed by a pinned root key/);
});

Deno.test("a list that only its own root keys sign is refused", () => {
  const forged = [list(1, [a]), list(2, [d])];
  untrusted(forged, [a], /Key list 2 is signed by 0 of the 1 root key that list 1 asks for/);
});

Deno.test("a list that its own root keys don't sign is refused", () => {
  untrusted(
    [list(1, [a]), list(2, [b], [a])],
    [a],
    /Key list 2 is signed by 0 of the 1 root key that it names itself/,
  );
  untrusted([list(1, [b], [a])], [a], /Key list 1 .* that it names itself/);
});

Deno.test("a gap in the chain is refused, and so is another order", () => {
  const [first, second, third] = rotated as [KeyList, KeyList, KeyList];
  untrusted([first, third], [a], /Key list 1 is followed by list 3, list 2 is missing/);
  untrusted([first, list(3, [a])], [a], /list 2 is missing/);
  untrusted([second, first], [a], /Key list 2 is followed by list 1$/);
  untrusted([first, first], [a], /Key list 1 is followed by list 1$/);
  untrusted([first, second, list(9, [b])], [c, b], /lists? 3 is missing/);
});

Deno.test("a chain that breaks behind its start is refused, not cut", () => {
  const broken = [...rotated, list(4, [d])];
  untrusted(broken, [a], /Key list 4 is signed by 0 of the 1 root key that list 3 asks for/);
});

Deno.test("a root key that was replaced can't start anew behind that", () => {
  const taken = [...rotated, list(4, [a])];
  untrusted(taken, [a], /Key list 4/);
  untrusted([...rotated.slice(0, 2), list(3, [a])], [a], /Key list 3/);
});

Deno.test("a threshold of root keys is reached by distinct keys only", () => {
  const pinned = roleOf([a, b, c], 2);
  const both = list(1, [a, b, c], [a, b], 2);
  assert.deepEqual(versionsOf(walkChain([both], pinned)), [1]);
  const one = list(1, [a, b, c], [a], 2);
  untrusted([one], [a, b, c], /not signed by 2 pinned root keys/, 2);
  const twice = { ...one, signatures: [...one.signatures, ...one.signatures] };
  assert.deepEqual(signersAmong(twice, pinned), [a.keyid]);
  untrusted([twice], [a, b, c], /not signed by 2 pinned root keys/, 2);
  untrusted([twice], [a], /signed by 1 of the 2 root keys that it names itself/);
});

Deno.test("the next list needs both thresholds", () => {
  const first = list(1, [a, b, c], [a, b, c], 2);
  const next = (signers: Identity[]) => [first, list(2, [c, d], signers, 2)];
  assert.deepEqual(versionsOf(walkChain(next([b, c, d]), roleOf([a, b], 2))), [1, 2]);
  untrusted(next([c, d]), [a, b], /signed by 1 of the 2 root keys that list 1 asks for/, 2);
  untrusted(next([a, b]), [a, b], /signed by 0 of the 2 root keys that it names itself/, 2);
});

Deno.test("a list that was changed, or whose signatures are torsioned, counts nothing", () => {
  const changed = { ...list(1, [a]), expires_at: "2026-05-21T12:00:00Z" };
  untrusted([changed], [a], /not signed by a pinned root key/);
  const unsigned = list(1, [a], []);
  for (const sig of torsionedSignatures(a.seed, signedBytes(keyListPrefix, unsigned))) {
    const signatures = [{ keyid: a.keyid, sig: sig.toBase64() }];
    untrusted([{ ...unsigned, signatures }], [a], /not signed by a pinned root key/);
  }
});

function continues(lists: readonly KeyList[], accepted: readonly KeyList[], pinned = a) {
  checkContinues(walkChain(lists, roleOf([pinned])), walkChain(accepted, roleOf([pinned])));
}

Deno.test("a chain may go on from the accepted one or end where it ends", () => {
  continues(rotated, rotated);
  continues(rotated, rotated.slice(0, 1));
  continues(rotated, rotated.slice(0, 2));
});

Deno.test("a chain that ends below the accepted list is a rollback", () => {
  assert.throws(() => continues(rotated.slice(0, 2), rotated), {
    code: "rollback",
    message: "The last key list is 2, and list 3 was accepted before",
  });
});

Deno.test("one version is one list: a fork is refused", () => {
  const fork = [rotated[0]!, list(2, [d], [a, d])];
  const message = "Another key list 2 was accepted before";
  assert.throws(() => continues(fork, rotated.slice(0, 2)), { code: "rollback", message });
  const longer = [...fork, list(3, [d]), list(4, [d])];
  assert.throws(() => continues(longer, rotated.slice(0, 2)), { code: "rollback", message });
});

Deno.test("lists may be left out in front, as long as the accepted root keys sign", () => {
  const long = [1, 2, 3, 4, 5].map((version) => list(version, [a]));
  continues(long.slice(3), long.slice(0, 2));
  // a pinned a, saw b take over, and is shown lists that only a signs: a was stolen.
  const later = [list(5, [a]), list(6, [a])];
  assert.throws(() => continues(later, rotated.slice(0, 2)), {
    code: "untrusted",
    message: /Key list 5 is signed by 0 of the 1 root key that list 2 asks for, which was accepted/,
  });
});

Deno.test("of the lists that are known the newest that the pinned keys sign counts", () => {
  const stranger = [list(9, [d])];
  const broken = [rotated[0]!, list(2, [d])];
  const known = [rotated.slice(0, 2), stranger, rotated, broken, rotated.slice(0, 1)];
  assert.deepEqual(versionsOf(newestChain(known, roleOf([a])) ?? []), [1, 2, 3]);
  assert.equal(newestChain([stranger, broken], roleOf([a])), undefined);
  assert.equal(newestChain([], roleOf([a])), undefined);
});
