import assert from "node:assert/strict";
import { keyidOf } from "../../src/identity/keyid.ts";
import { makePolicy, policyFromKeys } from "../../src/trust/policy.ts";
import { testIdentity } from "../support/manifests.ts";
import { smallOrderKeys, torsionedKeys } from "../support/torsion.ts";

const [one, two] = [testIdentity(1).keyid, testIdentity(2).keyid];

function refused(run: () => unknown, message: RegExp, hint?: RegExp) {
  assert.throws(run, { name: "PlasmdError", code: "policy", message, ...(hint && { hint }) });
}

Deno.test("a policy of keys has one publisher with a threshold of 1", () => {
  const policy = policyFromKeys([one, two]);
  assert.deepEqual(policy.publishers.map(({ keys, threshold }) => ({ keys, threshold })), [
    { keys: [one, two], threshold: 1 },
  ]);
  assert.equal(policy.source, "--trust");
});

Deno.test("a policy can't be changed once it was checked", () => {
  const keys = [one];
  const policy = policyFromKeys(keys);
  keys.push(two);
  assert.deepEqual(policy.publishers[0]!.keys, [one]);
  assert.ok(Object.isFrozen(policy) && Object.isFrozen(policy.publishers));
  assert.ok(Object.isFrozen(policy.publishers[0]) && Object.isFrozen(policy.publishers[0]!.keys));
});

Deno.test("a threshold that distinct keys can't reach is refused", () => {
  refused(
    () => policyFromKeys([one], { threshold: 2 }),
    /threshold 2 can't be reached with 1 distinct/,
  );
  refused(() => policyFromKeys([one, one, one], { threshold: 2 }), /1 distinct key/);
  refused(() => policyFromKeys([one, two], { threshold: 3 }), /2 distinct keys/);
  for (const threshold of [0, -1, 1.5, NaN, Infinity]) {
    refused(() => policyFromKeys([one, two], { threshold }), /threshold/);
  }
  policyFromKeys([one, two], { threshold: 2 });
});

Deno.test("a text that is no keyid is refused, with the right form", () => {
  for (const text of ["", "xx", one.toUpperCase(), one.slice(8), `${one} `, `${one},${two}`]) {
    refused(() => policyFromKeys([text]), /is no keyid/, /"ed25519:" and 64 lower-case hex/);
  }
  refused(
    () => policyFromKeys([`root:root:${one}`]),
    /"root:ed25519:\w+" is no keyid/,
    /"root:" before/,
  );
});

Deno.test("a keyid from a peer is printed without its controls, and cut", () => {
  refused(() => policyFromKeys(["\x1b[2J"]), /"\\u\{1b\}\[2J" is no keyid/);
  refused(() => policyFromKeys(["x".repeat(5000)]), /x{200}\.\.\."/);
});

Deno.test("keys of small order, torsioned ones and no points are refused", () => {
  const noPoint = new Uint8Array(32);
  noPoint[0] = 2;
  const bad = [...smallOrderKeys(), ...torsionedKeys(testIdentity(1).seed), noPoint];
  for (const key of bad) {
    refused(() => policyFromKeys([keyidOf(key)]), /is no usable public key/);
    refused(() => policyFromKeys([one, keyidOf(key)]), /is no usable public key/);
  }
});

Deno.test("publishers without keys, or none, or too many of them are refused", () => {
  refused(() => policyFromKeys([]), /has no keys/);
  refused(() => makePolicy([], "x"), /from x: it names no publisher/);
  const publisher = { keys: [one], threshold: 1 };
  refused(() => makePolicy(Array(65).fill(publisher), "x"), /65 publishers, limit is 64/);
  refused(() => policyFromKeys(Array(65).fill(one)), /65 keys, limit is 64/);
});

Deno.test("channels and not_before are checked", () => {
  const publisher = { keys: [one], threshold: 1 };
  refused(() => makePolicy([{ ...publisher, channels: [] }], "x"), /empty list of channels/);
  refused(() => makePolicy([{ ...publisher, channels: ["A"] }], "x"), /"A" is no channel/);
  refused(() => makePolicy([{ ...publisher, notBefore: NaN }], "x"), /not_before/);
});

Deno.test("root keys are pinned as a publisher of their own", () => {
  const policy = policyFromKeys([`root:${one}`, `root:${two}`], { threshold: 2 });
  assert.deepEqual(policy.publishers.map(({ keys, threshold, root }) => [keys, threshold, root]), [
    [[one, two], 2, true],
  ]);
  const mixed = policyFromKeys([`root:${one}`, two]);
  assert.deepEqual(mixed.publishers.map(({ keys, root }) => [keys, root]), [
    [[two], undefined],
    [[one], true],
  ]);
  refused(() => policyFromKeys([`root:${one}`, two], { threshold: 2 }), /threshold 2/);
  refused(() => policyFromKeys([`root:${one}`, `root:${one}`], { threshold: 2 }), /1 distinct key/);
  refused(() => policyFromKeys(["root:"]), /"" is no keyid/);
  refused(() => policyFromKeys([`root:${keyidOf(smallOrderKeys()[0]!)}`]), /no usable public key/);
});
