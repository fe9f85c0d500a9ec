import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkValue,
  imageKey,
  readQuestion,
  signerKey,
  valueUrl,
} from "../../src/discovery/keys.ts";
import { PlasmdError } from "../../src/lib/errors.ts";

const target = { channel: "stable", arch: "arm64" } as const;
const bytes = (text: string) => new TextEncoder().encode(text);

function problem(value: string, key = "/phase/stable/arm64/manifest"): string | undefined {
  try {
    checkValue(bytes(key), bytes(value));
  } catch (thrown) {
    assert.ok(thrown instanceof PlasmdError && thrown.code === "malformed", String(thrown));
    return thrown.message;
  }
}

Deno.test("keys are spelled as other implementations spell them", () => {
  assert.equal(imageKey(target), "/phase/stable/arm64/manifest");
  assert.equal(signerKey(target, "ed25519:ab"), "/phase/stable/arm64/ed25519:ab/manifest");
});

Deno.test("a question is a key of an image and nothing else", () => {
  assert.deepEqual(readQuestion(bytes(imageKey(target))), target);
  const others = [
    "",
    "/",
    "/phase/stable/arm64",
    "/phase/stable/aarch64/manifest",
    "/phase//arm64/",
  ];
  for (const other of [...others, "/phase/UP/arm64/manifest", `${imageKey(target)}/`]) {
    assert.equal(readQuestion(bytes(other)), undefined, other);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (any) => {
    assert.equal(readQuestion(any), undefined);
  }));
});

Deno.test("plain URLs of a manifest may be kept", () => {
  assert.equal(problem("http://192.0.2.1:8080/manifest.json"), undefined);
  assert.equal(problem("http://[2001:db8::1]:8080/stable/arm64/manifest.json"), undefined);
  assert.equal(problem(valueUrl("fd00::1", 8080, "/manifest.json")), undefined);
});

Deno.test("garbage isn't kept", () => {
  const garbage = [
    "",
    "garbage",
    "https://192.0.2.1/manifest.json",
    "http://boot.example/manifest.json",
    "http://192.0.2.1:8080/other.json",
    "http://192.0.2.1:8080/testing/arm64/manifest.json",
    "http://user@192.0.2.1:8080/manifest.json",
    "http://192.0.2.1:8080/manifest.json?x",
    "http://192.0.2.1:8080/manifest.json#x",
    "http://192.0.2.1:8080/a/../manifest.json",
    "http://169.254.1.1:8080/manifest.json",
    "http://0.0.0.0:8080/manifest.json",
    " http://192.0.2.1:8080/manifest.json",
    "http://192.0.2.1:8080/manifest.json\n",
    "javascript:alert(1)",
  ];
  for (const value of garbage) assert.ok(problem(value) !== undefined, value);
  assert.match(problem("http://192.0.2.1/manifest.json", "/phase/x")!, /names no image/);
  fc.assert(fc.property(fc.string(), (text) => assert.ok(problem(text) !== undefined)));
});
