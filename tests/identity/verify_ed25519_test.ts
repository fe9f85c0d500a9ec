import { ed25519 } from "@noble/curves/ed25519.js";
import assert from "node:assert/strict";
import { verify } from "node:crypto";
import fc from "fast-check";
import { publicKeyFromSeed, publicKeyObject, signEd25519 } from "../../src/identity/ed25519.ts";
import { isGoodPublicKey, verifyEd25519 } from "../../src/identity/verify_ed25519.ts";
import { smallOrderKeys, torsionedKeys, torsionedSignatures } from "../support/torsion.ts";
import { vectorPath, vectorsMissing } from "../support/vectors.ts";

const seed = new Uint8Array(32).fill(7);
const publicKey = publicKeyFromSeed(seed);
const message = new TextEncoder().encode("a message");

interface Vectors {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }[];
  }[];
}

Deno.test({
  name: "every Wycheproof vector is accepted or refused as it should be",
  ignore: vectorsMissing("ed25519_wycheproof.json"),
  async fn() {
    const text = await Deno.readTextFile(vectorPath("ed25519_wycheproof.json"));
    const { testGroups } = JSON.parse(text) as Vectors;
    const counts = { valid: 0, invalid: 0 };
    for (const { publicKey: { pk }, tests } of testGroups) {
      for (const { tcId, comment, msg, sig, result } of tests) {
        const [key, signature, bytes] = [pk, sig, msg].map((hex) => Uint8Array.fromHex(hex));
        const accepted = verifyEd25519(key!, signature!, bytes!);
        assert.equal(accepted, result === "valid", `vector ${tcId}: ${comment}`);
        counts[accepted ? "valid" : "invalid"]++;
      }
    }
    assert.deepEqual(counts, { valid: 88, invalid: 63 });
  },
});

Deno.test("a signature of ours passes both implementations, and no changed bit does", () => {
  const signature = signEd25519(seed, message);
  assert.ok(verifyEd25519(publicKey, signature, message));
  fc.assert(
    fc.property(fc.nat(64 * 8 - 1), (bit) => {
      const changed = Uint8Array.from(signature);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(verifyEd25519(publicKey, changed, message), false);
    }),
    { numRuns: 60 },
  );
});

Deno.test("a key of small order is no good key, in any encoding", () => {
  const keys = smallOrderKeys();
  assert.ok(keys.length >= 8);
  for (const key of keys) assert.equal(isGoodPublicKey(key), false, key.toHex());
});

Deno.test("a forgery under a small-order key passes one implementation and not ours", () => {
  const identityPoint = new Uint8Array(32);
  identityPoint[0] = 1;
  // R = identity, S = 0: true for every message, because the key times anything is the identity.
  const forged = new Uint8Array(64);
  forged[0] = 1;
  assert.equal(ed25519.verify(forged, message, identityPoint), true);
  assert.equal(verifyEd25519(identityPoint, forged, message), false);
});

Deno.test("a torsioned key is no good key", () => {
  const keys = torsionedKeys(seed);
  assert.equal(keys.length, 7);
  for (const key of keys) assert.equal(isGoodPublicKey(key), false, key.toHex());
});

Deno.test("a signature with a torsioned R passes one implementation and not ours", () => {
  const signatures = torsionedSignatures(seed, message);
  assert.equal(signatures.length, 7);
  for (const signature of signatures) {
    assert.equal(ed25519.verify(signature, message, publicKey, { zip215: false }), true);
    assert.equal(verify(null, message, publicKeyObject(publicKey), signature), false);
    assert.equal(verifyEd25519(publicKey, signature, message), false);
  }
});

Deno.test("bytes that are no point are no good key", () => {
  const noPoint = new Uint8Array(32);
  noPoint[0] = 2; // y = 2 is on no point
  const tooLarge = new Uint8Array(32).fill(0xff);
  for (const key of [noPoint, tooLarge, new Uint8Array(31), new Uint8Array(33), new Uint8Array()]) {
    assert.equal(isGoodPublicKey(key), false);
    assert.equal(verifyEd25519(key, signEd25519(seed, message), message), false);
  }
});

Deno.test("the keys that a seed gives are good, and those of the other implementation", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const key = publicKeyFromSeed(bytes);
      assert.deepEqual(key, ed25519.getPublicKey(bytes));
      assert.ok(isGoodPublicKey(key));
      assert.deepEqual(signEd25519(bytes, message), ed25519.sign(message, bytes));
    }),
    { numRuns: 20 },
  );
});

Deno.test("a seed or signature of another length is refused", () => {
  assert.throws(() => publicKeyFromSeed(new Uint8Array(31)), /32 bytes, not 31/);
  assert.equal(verifyEd25519(publicKey, new Uint8Array(63), message), false);
  assert.equal(verifyEd25519(publicKey, new Uint8Array(65), message), false);
});

Deno.test("with the table of the base point and without, the same signatures are good", () => {
  const signature = signEd25519(seed, message);
  const wrong = signature.with(40, signature[40]! ^ 1);
  // More than are verified without the table.
  for (let i = 0; i < 40; i++) {
    assert.equal(verifyEd25519(publicKey, signature, message), true, `${i}`);
    assert.equal(verifyEd25519(publicKey, wrong, message), false, `${i}`);
  }
});
