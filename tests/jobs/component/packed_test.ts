import assert from "node:assert/strict";
import fc from "fast-check";
import { packTranspiled, unpackTranspiled } from "../../../src/jobs/component/packed.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";

const part = fc.uint8Array({ maxLength: 50 });
const transpiled = fc.record({
  run: fc.string(),
  script: part,
  cores: fc.uniqueArray(fc.tuple(fc.string(), part), { selector: ([name]) => name })
    .map((cores) => new Map(cores)),
});

Deno.test("what is packed comes out as it was", () => {
  fc.assert(fc.property(transpiled, (whole) => {
    assert.deepEqual(unpackTranspiled(packTranspiled(whole)), { ...whole });
  }));
});

Deno.test("what is damaged is refused, never read beyond its end", () => {
  const refused = (bytes: Uint8Array) =>
    assert.throws(() => unpackTranspiled(bytes), (thrown) => thrown instanceof PlasmdError);
  const packed = packTranspiled({
    run: "run",
    script: new Uint8Array(9),
    cores: new Map([["a", new Uint8Array(5)]]),
  });
  for (let length = 0; length < packed.length; length++) refused(packed.subarray(0, length));
  refused(Uint8Array.of(...packed, 0));
  const heads = [
    "null",
    "[]",
    '{"run":1,"script":0,"cores":[]}',
    '{"run":"","script":-1,"cores":[]}',
    '{"run":"","script":0,"cores":[["a"]]}',
    '{"run":"","script":0,"cores":[["a",0],["a",0]]}',
    '{"run":"","script":9007199254740991,"cores":[]}',
  ];
  for (const head of heads) {
    const text = new TextEncoder().encode(head);
    refused(Uint8Array.of(text.length, 0, 0, 0, ...text));
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    try {
      unpackTranspiled(bytes);
    } catch (thrown) {
      assert.ok(thrown instanceof PlasmdError);
    }
  }));
});
