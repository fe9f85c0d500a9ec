import assert from "node:assert/strict";
import fc from "fast-check";
import { toBase58 } from "../../src/identity/base58.ts";
import { keyidOf, peerIdOf, publicKeyOf } from "../../src/identity/keyid.ts";

const key = Uint8Array.from({ length: 32 }, (_, i) => i);
const hex = key.toHex();

Deno.test("a keyid is the key, and gives it back", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
    assert.deepEqual(publicKeyOf(keyidOf(bytes)), Uint8Array.from(bytes));
  }));
});

Deno.test("a keyid has one spelling", () => {
  const others = [
    "",
    hex,
    `ed25519:${hex.toUpperCase()}`,
    `ED25519:${hex}`,
    `ed25519:${hex} `,
    ` ed25519:${hex}`,
    `ed25519:${hex}00`,
    `ed25519:${hex.slice(2)}`,
    `ed25519:${hex.slice(1)}g`,
    `ed25519:0x${hex.slice(2)}`,
    `root:ed25519:${hex}`,
    `sha256:${hex}`,
    `ed25519:${hex}\n`,
  ];
  for (const other of others) assert.equal(publicKeyOf(other), undefined, JSON.stringify(other));
});

Deno.test("no text is taken for a keyid that isn't printed the same", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const bytes = publicKeyOf(text) ?? publicKeyOf(`ed25519:${text}`);
    if (bytes) assert.ok([text, `ed25519:${text}`].includes(keyidOf(bytes)));
  }));
});

Deno.test("base58 writes what its definition says", () => {
  const text = (value: string) => toBase58(new TextEncoder().encode(value));
  // From the base58 internet draft.
  assert.equal(text("Hello World!"), "2NEpo7TZRRrLZSi2U");
  assert.equal(toBase58(Uint8Array.fromHex("0000287fb4cd")), "11233QC4");
  assert.equal(toBase58(new Uint8Array()), "");
  assert.equal(toBase58(new Uint8Array(3)), "111");
});

Deno.test("a peer id is what libp2p makes of the key", () => {
  // The key and its peer id from the libp2p peer-id specification's test vectors for Ed25519.
  const publicKey = Uint8Array.fromHex(
    "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
  );
  assert.equal(peerIdOf(publicKey), "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq");
});
