import assert from "node:assert/strict";
import fc from "fast-check";
import {
  equalBytes,
  fromBase64,
  fromHex,
  sha256,
  sha256Hex,
  toBase64,
  toHex,
} from "../../src/lib/bytes.ts";

Deno.test("hex has one spelling", () => {
  assert.deepEqual(fromHex("00ff"), new Uint8Array([0, 255]));
  for (const bad of ["0", "0F", "zz", " 00", "00\n", "0x00"]) assert.equal(fromHex(bad), undefined);
});

Deno.test("base64 has one spelling", () => {
  assert.deepEqual(fromBase64("AAE="), new Uint8Array([0, 1]));
  for (const bad of ["AAE", "AAF=", "A AE=", "AAE=\n", "AA-_", "=AAE", "AAE=="]) {
    assert.equal(fromBase64(bad), undefined, bad);
  }
});

Deno.test("bytes survive hex and base64", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    assert.ok(equalBytes(fromHex(toHex(bytes))!, bytes));
    assert.ok(equalBytes(fromBase64(toBase64(bytes))!, bytes));
  }));
});

Deno.test("what decodes from base64 encodes to the same text", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."AQgw+/=- \n") }), (text) => {
    const bytes = fromBase64(text);
    if (bytes !== undefined) assert.equal(toBase64(bytes), text);
  }));
});

Deno.test("SHA-256 of nothing is the known one", () => {
  const known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  assert.equal(sha256Hex(new Uint8Array()), known);
  assert.equal(toHex(sha256(new Uint8Array())), known);
});

Deno.test("bytes of another length or content differ", () => {
  assert.ok(!equalBytes(new Uint8Array([1]), new Uint8Array([1, 2])));
  assert.ok(!equalBytes(new Uint8Array([1]), new Uint8Array([2])));
});
