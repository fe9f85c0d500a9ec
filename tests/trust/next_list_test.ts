import assert from "node:assert/strict";
import { type KeyList, keyListsFile, parseKeyLists } from "../../src/formats/key_list.ts";
import type { Identity } from "../../src/identity/key_file.ts";
import { keyidOf } from "../../src/identity/keyid.ts";
import { walkChain } from "../../src/trust/key_lists.ts";
import {
  checkComplete,
  firstList,
  missingOf,
  nextList,
  signLast,
  withoutKey,
} from "../../src/trust/next_list.ts";
import { roleOf, signedKeyList } from "../support/key_lists.ts";
import { madeAt, testIdentity } from "../support/manifests.ts";
import { smallOrderKeys } from "../support/torsion.ts";

const [anna, ben, carla, release, other] = [1, 2, 3, 4, 5].map(testIdentity) as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
];
const root = roleOf([anna, ben, carla], 2);
const publish = roleOf([release]);
const day = 86_400_000;

function complete(): readonly KeyList[] {
  return signLast(firstList({ root, publish }, madeAt), [anna, ben]);
}

function refused(run: () => unknown, message: RegExp, hint?: RegExp) {
  assert.throws(run, { name: "PlasmdError", code: "config", message, ...(hint && { hint }) });
}

Deno.test("the first list says what it was told, for half a year", () => {
  const [list] = firstList({ root, publish }, madeAt);
  assert.deepEqual({ ...list }, {
    list_version: 1,
    created_at: "2025-11-26T12:00:00Z",
    expires_at: "2026-05-28T12:00:00Z",
    root,
    publish,
    signatures: [],
  });
});

Deno.test("signatures are added until enough root keys have signed", () => {
  const unsigned = firstList({ root, publish }, madeAt);
  assert.deepEqual(missingOf(unsigned), [{ version: 1, need: 2, keys: root.keys }]);
  const once = signLast(unsigned, [anna]);
  assert.deepEqual(missingOf(once), [{ version: 1, need: 1, keys: [ben.keyid, carla.keyid] }]);
  // Twice by one key is once.
  assert.equal(missingOf(signLast(once, [anna]))[0]?.need, 1);
  assert.deepEqual(missingOf(signLast(once, [carla])), []);
});

Deno.test("a list is signed by root keys only", () => {
  refused(
    () => signLast(firstList({ root, publish }, madeAt), [release]),
    /is no root key of list 1/,
  );
});

Deno.test("the next list keeps what isn't changed, and needs both sets of root keys", () => {
  const roots = roleOf([ben, carla, other], 2);
  const lists = nextList(complete(), { root: roots, lifetimeMs: 10 * day }, madeAt + day);
  const last = lists.at(-1)!;
  assert.deepEqual([last.list_version, last.publish, last.root], [2, publish, roots]);
  assert.equal(last.expires_at, "2025-12-07T12:00:00Z");
  assert.deepEqual(missingOf(lists).map(({ version, need }) => [version, need]), [[1, 2], [2, 2]]);
  // One of the old keys and one of the new ones: each set lacks one.
  const half = signLast(lists, [anna, other]);
  assert.deepEqual(missingOf(half).map(({ version, need }) => [version, need]), [[1, 1], [2, 1]]);
  const whole = signLast(half, [ben]);
  assert.deepEqual(missingOf(whole), []);
  walkChain(whole, root);
});

Deno.test("nothing follows on a list that isn't complete, or was tampered with", () => {
  const message = /Cannot use these key lists: .* signed by/;
  refused(() => nextList(firstList({ root, publish }, madeAt), {}, madeAt), message, /show FILE/);
  const second = nextList(complete(), {}, madeAt);
  refused(() => nextList(second, {}, madeAt), /Key list 2 is signed by 0 of the 2 root keys/);
  checkComplete(second, true);
  refused(() => checkComplete([...second, ...second], true), /list 1/);
  const tampered = [{ ...complete()[0]!, publish: roleOf([other]) }];
  refused(() => nextList(tampered, {}, madeAt), message);
});

Deno.test("a revoked key goes out of its role, and another takes its place", () => {
  const [list] = complete();
  assert.deepEqual(withoutKey(list!, release.keyid, other.keyid), {
    root,
    publish: roleOf([other]),
  });
  assert.deepEqual(withoutKey(list!, carla.keyid), { root: roleOf([anna, ben], 2), publish });
  assert.deepEqual(withoutKey(list!, carla.keyid, other.keyid).root, {
    keys: [anna.keyid, ben.keyid, other.keyid],
    threshold: 2,
  });
});

Deno.test("a key isn't revoked where too few would be left or none such is named", () => {
  const [list] = complete();
  refused(
    () => withoutKey(list!, release.keyid),
    /0 publish keys would be left, and the threshold is 1/,
    /--replacement KEYID/,
  );
  const two = signLast(firstList({ root: roleOf([anna, ben], 2), publish }, madeAt), [anna, ben]);
  refused(() => withoutKey(two[0]!, ben.keyid), /1 root key would be left, .* is 2/);
  refused(() => withoutKey(list!, other.keyid), /key list 1 doesn't name ed25519/);
});

Deno.test("what no reader would take is not made", () => {
  const first = (changes: Partial<Parameters<typeof firstList>[0]>, now = madeAt) =>
    firstList({ root, publish, ...changes }, now);
  refused(() => first({ publish: roleOf([anna]) }), /publish\.keys" names the root key/);
  refused(() => first({ root: roleOf([anna], 2) }), /"root\.threshold" is 2, which 1 key can't/);
  refused(() => first({ publish: { keys: [], threshold: 1 } }), /"publish\.threshold" is 1, which/);
  refused(() => first({ publish: { keys: ["xx"], threshold: 1 } }), /"xx" is no usable public key/);
  const weak = keyidOf(smallOrderKeys()[0]!);
  refused(() => first({ root: { keys: [weak], threshold: 1 } }), /is no usable public key/);
  refused(() => first({ lifetimeMs: 367 * day }), /"expires_at" is more than 366 d/);
  refused(() => first({}, Date.UTC(2020, 0)), /clock says 2020-01-01T00:00:00Z/, /set the clock/);
});

Deno.test("a clock that is behind the last list makes no next one", () => {
  refused(
    () => nextList(complete(), {}, madeAt - day),
    /clock says 2025-11-25T12:00:00Z, and list 1 was made at 2025-11-26T12:00:00Z/,
  );
});

/** So many lists, the root key of each given by its number. */
function chainOf(count: number, rootOf: (version: number) => Identity): KeyList[] {
  return Array.from({ length: count }, (_, i) => {
    const signers = i === 0 ? [rootOf(1)] : [rootOf(i), rootOf(i + 1)];
    const fields = { list_version: i + 1, root: roleOf([rootOf(i + 1)]), publish };
    return signedKeyList(fields, signers);
  });
}

Deno.test("a full chain drops first lists that nobody needs, again and again", () => {
  let lists: readonly KeyList[] = chainOf(31, () => anna);
  for (let i = 1; i <= 3; i++) {
    lists = signLast(nextList(lists, {}, madeAt + i * day), [anna]);
    parseKeyLists(keyListsFile(lists));
  }
  assert.deepEqual([lists[0]!.list_version, lists.length], [3, 32]);
  walkChain(lists, roleOf([anna]));
});

Deno.test("a chain of 64 KiB drops first lists too", () => {
  const roots = Array.from({ length: 16 }, (_, i) => testIdentity(20 + i));
  const fields = {
    root: roleOf(roots),
    publish: roleOf([...roots].map((_, i) => testIdentity(60 + i))),
  };
  let lists: readonly KeyList[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((version) =>
    signedKeyList({ list_version: version, ...fields }, roots)
  );
  lists = signLast(nextList(lists, {}, madeAt), roots);
  parseKeyLists(keyListsFile(lists));
  assert.ok(lists.length < 12, String(lists.length));
  assert.equal(lists.at(-1)!.list_version, 12);
});

Deno.test("a full chain whose root keys have changed drops nothing that is needed", () => {
  const lists = chainOf(32, (version) => testIdentity(100 + version));
  const next = { root: roleOf([testIdentity(133)]) };
  refused(
    () => nextList(lists, next, madeAt),
    /33 lists are more than a manifest/,
    /publisher init/,
  );
});
