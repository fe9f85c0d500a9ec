import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalBytes } from "../../src/formats/json.ts";
import {
  buildKeyList,
  keyListId,
  keyListPrefix,
  keyListsFile,
  parseKeyLists,
} from "../../src/formats/key_list.ts";
import { manifestId, parseManifest } from "../../src/formats/manifest.ts";
import { manifestPrefix, validSigners } from "../../src/formats/signed.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { roleOf, signAgain, signedKeyList } from "../support/key_lists.ts";
import { signedManifest, testIdentity } from "../support/manifests.ts";

const [root, publisher, other] = [testIdentity(1), testIdentity(2), testIdentity(3)];
const usual = { list_version: 1, root: roleOf([root]), publish: roleOf([publisher]) };
const list = signedKeyList(usual, [root]);

/** A list as plain data, to be spoilt. */
// deno-lint-ignore no-explicit-any -- the tests put wrong things into it
function plain(): any {
  return JSON.parse(JSON.stringify(list));
}

/** Both ways in: a file of its own and a manifest. */
function refused(lists: unknown, message: RegExp) {
  const manifest = JSON.parse(new TextDecoder().decode(signedManifest()));
  const file = canonicalBytes({ key_lists: lists });
  const expected = { name: "PlasmdError", code: "malformed", message };
  assert.throws(() => parseKeyLists(file), expected);
  const inside = canonicalBytes({ ...manifest, key_lists: lists });
  assert.throws(() => parseManifest(inside), expected);
}

// deno-lint-ignore no-explicit-any -- as above
function refusedWith(spoil: (list: any) => void, message: RegExp) {
  const spoilt = plain();
  spoil(spoilt);
  refused([spoilt], message);
}

Deno.test("key lists are read as they were built and signed", () => {
  const [read] = parseKeyLists(keyListsFile([list]));
  assert.deepEqual(read, list);
  assert.deepEqual(validSigners(keyListPrefix, read!), [root.keyid]);
  assert.equal(keyListId(read!), keyListId(signAgain(list, [other])));
  assert.match(keyListId(list), /^sha256:[0-9a-f]{64}$/);
});

Deno.test("key lists are an ordinary signed member of a manifest", () => {
  const manifest = parseManifest(signedManifest({ key_lists: [list] }));
  assert.deepEqual(manifest.key_lists, [list]);
  assert.ok(Object.isFrozen(manifest.key_lists![0]!.root.keys));
  assert.deepEqual(validSigners(manifestPrefix, manifest), [testIdentity(1).keyid]);
  assert.notEqual(manifestId(manifest), manifestId(parseManifest(signedManifest())));
});

Deno.test("a signature of a manifest's prefix is none of a key list", () => {
  assert.deepEqual(validSigners(manifestPrefix, list), []);
});

Deno.test("a file holds key_lists and nothing else, in canonical form", () => {
  const refusedBytes = (bytes: Uint8Array, message: RegExp) =>
    assert.throws(() => parseKeyLists(bytes), { code: "malformed", message });
  const file = keyListsFile([list]);
  const text = new TextDecoder().decode(file);
  const encode = (changed: string) => new TextEncoder().encode(changed);
  refusedBytes(encode(`${text}\n`), /not in canonical form/);
  refusedBytes(encode(JSON.stringify({ key_lists: [list], more: 1 })), /"more" is no member/);
  refusedBytes(encode("{}"), /"key_lists" must be a list/);
  refusedBytes(encode(JSON.stringify([list])), /not a JSON object/);
  refusedBytes(encode(""), /it is empty/);
  refusedBytes(encode("{"), /not JSON/);
  refusedBytes(file.slice(0, 200), /not JSON/);
  refusedBytes(encode("[".repeat(100_000)), /size is/);
  refusedBytes(encode("[".repeat(1000)), /nested deeper/);
  refusedBytes(encode(text.replace('"root":', '"root":{},"root":')), /not in canonical form/);
  refusedBytes(encode(text.replace("{", '{"__proto__":1,')), /__proto__/);
});

Deno.test("each member that is missing or of another type is named", () => {
  for (
    const member of ["list_version", "created_at", "expires_at", "root", "publish", "signatures"]
  ) {
    const named = new RegExp(`"key_lists\\[0\\]\\.${member}`);
    refusedWith((l) => delete l[member], named);
    refusedWith((l) => l[member] = null, named);
    refusedWith((l) => l[member] = true, named);
  }
  for (const role of ["root", "publish"]) {
    for (const member of ["keys", "threshold"]) {
      const named = new RegExp(`"key_lists\\[0\\]\\.${role}\\.${member}`);
      refusedWith((l) => delete l[role][member], named);
      refusedWith((l) => l[role][member] = "x", named);
      refusedWith((l) => l[role][member] = {}, named);
    }
  }
  refused("x", /"key_lists" must be a list/);
  refused(null, /"key_lists" must be a list/);
  refused([], /"key_lists" holds no list/);
  refused([1], /"key_lists\[0\]" must be an object/);
  refused([list, [list]], /"key_lists\[1\]" must be an object/);
});

Deno.test("a version is a whole number above 0", () => {
  for (const version of [0, -1, 2 ** 53, "1"]) {
    refusedWith((l) => l.list_version = version, /"key_lists\[0\]\.list_version" must be a whole/);
  }
  refusedWith((l) => l.list_version = 1.5, /whole number/);
});

Deno.test("a list lives for a year at most, and not backwards", () => {
  refusedWith((l) => l.expires_at = l.created_at, /must be later than created_at/);
  refusedWith((l) => l.expires_at = "2025-11-19T12:00:00Z", /must be later than created_at/);
  refusedWith((l) => l.expires_at = "2026-11-22T12:00:00Z", /is more than 366 d after created_at/);
  refusedWith((l) => l.created_at = "2025-11-20", /must be a date and time/);
  const year = { ...usual, expires_at: "2026-11-21T12:00:00Z" };
  parseKeyLists(keyListsFile([signedKeyList(year, [root])]));
});

Deno.test("a threshold that distinct keys can't reach is refused", () => {
  refusedWith((l) => l.root.threshold = 2, /"key_lists\[0\]\.root\.threshold" is 2, which 1 key/);
  refusedWith((l) => l.publish.threshold = 0, /publish\.threshold" must be a whole number/);
  refusedWith(
    (l) => l.root = { keys: [root.keyid, root.keyid], threshold: 2 },
    /"key_lists\[0\]\.root\.keys" names a key twice/,
  );
});

Deno.test("a key has one spelling", () => {
  const hex = root.keyid.slice("ed25519:".length);
  const wrong = [hex, `root:${root.keyid}`, root.keyid.toUpperCase(), `${root.keyid} `, "", 1, {}];
  for (const keyid of wrong) {
    refusedWith((l) => l.publish.keys = [keyid], /"key_lists\[0\]\.publish\.keys\[0\]" must be/);
  }
});

Deno.test("a key that signs key lists can't be named to sign manifests", () => {
  refusedWith(
    (l) => l.publish.keys.push(root.keyid),
    new RegExp(`publish\\.keys" names the root key ${root.keyid}`),
  );
});

Deno.test("16 keys of a role are read, 17 are not", () => {
  const keys = (count: number) =>
    Array.from({ length: count }, (_, i) => `ed25519:${(i + 1).toString(16).padStart(64, "0")}`);
  const many = plain();
  many.root.keys = keys(16);
  parseKeyLists(canonicalBytes({ key_lists: [many] }));
  refusedWith((l) => l.root.keys = keys(17), /root\.keys" has 17 keys, limit is 16/);
});

Deno.test("32 lists are read, 33 are not", () => {
  const lists = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...plain(), list_version: i + 1 }));
  assert.equal(parseKeyLists(canonicalBytes({ key_lists: lists(32) })).length, 32);
  refused(lists(33), /"key_lists" has 33 lists, limit is 32/);
});

Deno.test("64 KiB of lists are read, more are not", () => {
  const filled = (bytes: number) => {
    const empty = canonicalBytes([{ ...plain(), note: "" }]).length;
    return [{ ...plain(), note: "x".repeat(bytes - empty) }];
  };
  const max = 64 * 1024;
  assert.equal(parseKeyLists(canonicalBytes({ key_lists: filled(max) })).length, 1);
  const manifest = JSON.parse(new TextDecoder().decode(signedManifest()));
  const inside = canonicalBytes({ ...manifest, key_lists: filled(max + 1) });
  assert.throws(() => parseManifest(inside), {
    code: "malformed",
    message: /"key_lists" has 65537 bytes, limit is 64 KiB/,
  });
  assert.throws(() => parseKeyLists(canonicalBytes({ key_lists: filled(max + 1) })), {
    code: "malformed",
    message: /limit is 64 KiB/,
  });
});

Deno.test("signatures hold exactly keyid and sig, 64 at most", () => {
  refusedWith((l) => l.signatures[0].more = 1, /signatures\[0\]" must hold exactly/);
  refusedWith((l) => l.signatures[0].sig = "AA==", /signatures\[0\]\.sig" must be canonical/);
  refusedWith((l) => l.signatures[0].keyid = "x", /signatures\[0\]\.keyid" must be/);
  refusedWith((l) => l.signatures = Array(65).fill(l.signatures[0]), /65 entries, limit is 64/);
});

Deno.test("unknown members are kept and change the id", () => {
  const changed = { ...plain(), note: "kept", constructor: { x: 1 } };
  const [read] = parseKeyLists(canonicalBytes({ key_lists: [changed] }));
  assert.equal(read!.note, "kept");
  assert.deepEqual(read!.constructor, { x: 1 });
  assert.notEqual(keyListId(read!), keyListId(list));
});

Deno.test("a list that is built passes the same checks", () => {
  const fields = { ...usual, created_at: "2025-11-20T12:00:00Z" };
  assert.throws(() => buildKeyList({ ...fields, expires_at: "2030-01-01T00:00:00Z" }), {
    code: "malformed",
    message: /Cannot accept the key list: "expires_at" is more than 366 d/,
  });
  assert.deepEqual(
    buildKeyList({ ...fields, expires_at: "2026-01-01T00:00:00Z" }).signatures,
    [],
  );
});

Deno.test("no change of one member makes anything but lists or a refusal", () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(-0, 1e21, "", "__proto__", [], {}));
  const at = fc.constantFrom(
    ...[["list_version"], ["created_at"], ["expires_at"], ["root"], ["publish"], ["signatures"]],
    ...[["root", "keys"], ["root", "threshold"], ["publish", "keys"], ["publish", "threshold"]],
    ...[["signatures", "0"], ["signatures", "0", "sig"], ["root", "keys", "0"], ["new"]],
  );
  fc.assert(fc.property(at, value, (path, replacement) => {
    const spoilt = plain();
    const last = path.at(-1)!;
    path.slice(0, -1).reduce((inner, name) => inner[name], spoilt)[last] = replacement;
    readsOrRefuses(canonicalBytes({ key_lists: [spoilt] }));
  }));
});

Deno.test("no bytes make anything but lists or a refusal", () => {
  const file = keyListsFile([list]);
  const flipped = fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 })).map(
    ([at, by]) => file.map((byte, i) => i === at ? byte ^ by : byte),
  );
  const cut = fc.nat(file.length).map((length) => file.slice(0, length));
  fc.assert(fc.property(fc.oneof(flipped, cut, fc.uint8Array()), (bytes) => {
    readsOrRefuses(Uint8Array.from(bytes));
  }));
});

function readsOrRefuses(bytes: Uint8Array): void {
  try {
    for (const { root, publish } of parseKeyLists(bytes)) {
      for (const { keys, threshold } of [root, publish]) {
        assert.ok(threshold >= 1 && threshold <= new Set(keys).size);
      }
      assert.ok(!publish.keys.some((keyid) => root.keys.includes(keyid)));
    }
  } catch (thrown) {
    assert.ok(thrown instanceof PlasmdError && thrown.code === "malformed", String(thrown));
  }
}
