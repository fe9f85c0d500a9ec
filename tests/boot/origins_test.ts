/**
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { originsBytes, parseOrigins } from "../../src/boot/origins.ts";
import { canonicalBytes } from "../../src/formats/json.ts";
import { PlasmdError } from "../../src/lib/errors.ts";

Deno.test("what was written is read", () => {
  const origins = { providers: ["http://10.0.0.1:8080", "https://h/x"], leftOut: ["rootfs"] };
  assert.deepEqual(parseOrigins(originsBytes({ ...origins, leftOut: ["rootfs"] })), origins);
});

Deno.test("whatever providers somebody names, what is written can be read", () => {
  const good = Array.from({ length: 40 }, (_, i) => `http://192.0.2.${i}:8080`);
  const odd = ["http://h/a,b", "http://h/#x", "http://u:p@h/", `http://h/${"x".repeat(5000)}`];
  const read = (providers: string[]) => parseOrigins(originsBytes({ providers, leftOut: [] }));
  assert.deepEqual(read([...odd, ...good]).providers, good.slice(0, 32));
  fc.assert(
    fc.property(
      fc.array(fc.webUrl({ withFragments: true }), { maxLength: 60 }),
      (urls) => void read(urls),
    ),
  );
});

Deno.test("anything else is refused", () => {
  const good = { origins_version: 1, providers: ["http://h/"], left_out: [] };
  const bad: unknown[] = [
    {},
    { ...good, origins_version: 2 },
    { ...good, providers: "http://h/" },
    { ...good, providers: [1] },
    { ...good, providers: ["file:///etc/passwd"] },
    { ...good, providers: ["http://user@h/"] },
    { ...good, providers: Array(33).fill("http://h/") },
    { ...good, left_out: ["../../etc/shadow"] },
    { ...good, left_out: null },
    { ...good, left_out: undefined },
  ];
  for (const value of bad) {
    assert.throws(
      () => parseOrigins(canonicalBytes(value)),
      (thrown) => thrown instanceof PlasmdError && thrown.code === "malformed",
      JSON.stringify(value),
    );
  }
  assert.throws(() => parseOrigins(new TextEncoder().encode(JSON.stringify(good, null, 1))));
});

Deno.test("no bytes make the reader fail in another way than by refusing", () => {
  fc.assert(fc.property(fc.oneof(fc.uint8Array(), fc.json().map(encode)), (bytes) => {
    try {
      parseOrigins(bytes);
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError);
    }
  }));
});

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
