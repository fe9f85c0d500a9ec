import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance, suggest } from "../../src/config/suggest.ts";

Deno.test("a swap, a missing or a wrong letter is guessed", () => {
  const known = ["port", "host", "artifacts_dir", "enabled"];
  assert.equal(suggest("prot", known), "port");
  assert.equal(suggest("hst", known), "host");
  assert.equal(suggest("artefact_dir", known), "artifacts_dir");
  assert.equal(suggest("ENABLED", known), "enabled");
  assert.equal(suggest("zzz", known), undefined);
});

Deno.test("the distance is 0 for equal words, the same both ways, and at most the longer word", () => {
  fc.assert(fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
    const distance = editDistance(a, b);
    assert.equal(distance, editDistance(b, a));
    assert.equal(distance === 0, a === b);
    assert.ok(distance <= Math.max(a.length, b.length));
  }));
});
