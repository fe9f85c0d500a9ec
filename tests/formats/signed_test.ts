import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { canonicalBytes } from "../../src/formats/json.ts";
import {
  documentId,
  manifestPrefix,
  sign,
  type Signable,
  signedBytes,
  validSigners,
} from "../../src/formats/signed.ts";
import { signEd25519 } from "../../src/identity/ed25519.ts";
import { keyidOf } from "../../src/identity/keyid.ts";
import { testIdentity } from "../support/manifests.ts";
import { smallOrderKeys, torsionedKeys, torsionedSignatures } from "../support/torsion.ts";

const note = { b: 2, a: "x" } as Signable;
const [one, two, three] = [1, 2, 3].map(testIdentity);

function signed(...identities: ReturnType<typeof testIdentity>[]): Required<Signable> {
  const bytes = sign(manifestPrefix, note, identities);
  return JSON.parse(new TextDecoder().decode(bytes));
}

Deno.test("the signed bytes are the prefix and the canonical form without signatures", () => {
  const expected = 'phase-manifest:v1:{"a":"x","b":2}';
  const text = (object: Signable) => new TextDecoder().decode(signedBytes(manifestPrefix, object));
  assert.equal(text(note), expected);
  assert.equal(text(signed(one!)), expected);
});

Deno.test("the id is the hash of the signed bytes, and a signature doesn't change it", () => {
  const hash = createHash("sha256").update('phase-manifest:v1:{"a":"x","b":2}').digest("hex");
  assert.equal(documentId(manifestPrefix, note), `sha256:${hash}`);
  assert.equal(documentId(manifestPrefix, signed(one!, two!)), `sha256:${hash}`);
});

Deno.test("a signed document is canonical, its signatures sorted by keyid, one a key", () => {
  const bytes = sign(manifestPrefix, note, [three!, one!, two!, one!]);
  const document = JSON.parse(new TextDecoder().decode(bytes));
  assert.deepEqual(canonicalBytes(document), bytes);
  const keyids = document.signatures.map(({ keyid }: { keyid: string }) => keyid);
  assert.deepEqual(keyids, [one!, two!, three!].map(({ keyid }) => keyid).sort());
  assert.deepEqual(validSigners(manifestPrefix, document).sort(), keyids);
});

Deno.test("a second publisher adds a signature and keeps the first", () => {
  const first = signed(one!);
  const both = JSON.parse(new TextDecoder().decode(sign(manifestPrefix, first, [two!])));
  assert.equal(both.signatures.length, 2);
  assert.deepEqual(
    both.signatures.find((entry: { keyid: string }) => entry.keyid === one!.keyid),
    first.signatures[0],
  );
});

Deno.test("a signature under another prefix doesn't count", () => {
  assert.deepEqual(validSigners("phase-job:v1:", signed(one!)), []);
});

Deno.test("a changed, added or removed member leaves no valid signature", () => {
  const document = signed(one!, two!);
  assert.equal(validSigners(manifestPrefix, document).length, 2);
  for (
    const changed of [{ ...document, a: "y" }, { ...document, c: 1 }, { ...document, b: undefined }]
  ) {
    const clean = JSON.parse(JSON.stringify(changed));
    assert.deepEqual(validSigners(manifestPrefix, clean), []);
  }
});

Deno.test("one key that signs twice is one signer", () => {
  const document = signed(one!);
  const twice = { ...document, signatures: [document.signatures[0]!, document.signatures[0]!] };
  assert.deepEqual(validSigners(manifestPrefix, twice), [one!.keyid]);
});

Deno.test("a bad signature doesn't hide a good one of the same key", () => {
  const document = signed(one!);
  const bad = { keyid: one!.keyid, sig: new Uint8Array(64).toBase64() };
  const both = { ...document, signatures: [bad, document.signatures[0]!] };
  assert.deepEqual(validSigners(manifestPrefix, both), [one!.keyid]);
});

Deno.test("a signature under another key's id doesn't count", () => {
  const document = signed(one!);
  const moved = { ...document, signatures: [{ ...document.signatures[0]!, keyid: two!.keyid }] };
  assert.deepEqual(validSigners(manifestPrefix, moved), []);
});

Deno.test("small-order and torsioned keys never count, nor torsioned signatures", () => {
  const message = signedBytes(manifestPrefix, note);
  const forged = new Uint8Array(64);
  forged[0] = 1;
  const seed = one!.seed;
  const entries = [
    ...smallOrderKeys().map((key) => ({ keyid: keyidOf(key), sig: forged.toBase64() })),
    ...torsionedKeys(seed).map((key) => ({
      keyid: keyidOf(key),
      sig: signEd25519(seed, message).toBase64(),
    })),
    ...torsionedSignatures(seed, message).map((sig) => ({
      keyid: one!.keyid,
      sig: sig.toBase64(),
    })),
  ];
  assert.ok(entries.length > 20);
  assert.deepEqual(validSigners(manifestPrefix, { ...note, signatures: entries }), []);
});

Deno.test("entries that are no keyid or no base64 don't count, and throw nothing", () => {
  const { sig } = signed(one!).signatures[0]!;
  const entries = [
    { keyid: "x", sig },
    { keyid: one!.keyid, sig: "x" },
    { keyid: one!.keyid, sig: `${sig}\n` },
    { keyid: one!.keyid, sig: sig.replace(/=+$/, "") },
    { keyid: one!.keyid.toUpperCase(), sig },
  ];
  assert.deepEqual(validSigners(manifestPrefix, { ...note, signatures: entries }), []);
});

Deno.test("more than 64 signatures are neither made nor counted", () => {
  const many = Array.from({ length: 65 }, (_, i) => testIdentity(i + 10));
  assert.throws(() => sign(manifestPrefix, note, many), { code: "failed", message: /limit is 64/ });
  const filler = Array.from({ length: 64 }, () => ({ keyid: "x", sig: "x" }));
  const late = { ...note, signatures: [...filler, signed(one!).signatures[0]!] };
  assert.deepEqual(validSigners(manifestPrefix, late), []);
});

Deno.test("what may not be read is not signed", () => {
  for (const object of [{ a: 1.5 }, { a: "\ud800" }, JSON.parse('{"__proto__":1}')]) {
    assert.throws(() => sign(manifestPrefix, object, [one!]), { code: "malformed" });
  }
});
