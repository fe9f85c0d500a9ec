import assert from "node:assert/strict";
import fc from "fast-check";
import { isJobPath, pathClash } from "../../src/formats/job_path.ts";

Deno.test("a path is relative and has no part that leads elsewhere", () => {
  for (const path of ["a", "a/b", "...", ".a", "a.", "a b", "\u00e9/\u2028"]) {
    assert.ok(isJobPath(path), path);
  }
  for (const path of ["", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/..", "a\0b"]) {
    assert.ok(!isJobPath(path), path);
  }
  assert.ok(isJobPath("x".repeat(1024)) && !isJobPath("x".repeat(1025)));
});

Deno.test("a path that another needs as a directory is found", () => {
  assert.equal(pathClash(["a/b", "a"]), "a");
  assert.equal(pathClash(["x/y/z", "x/y"]), "x/y");
  assert.equal(pathClash(["a", "ab", "a.b", "b/a", "b/ab"]), undefined);
  assert.equal(pathClash([]), undefined);
});

Deno.test("paths clash exactly where one is the start of another", () => {
  const part = fc.constantFrom("a", "b", "ab");
  const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  fc.assert(fc.property(fc.uniqueArray(path, { maxLength: 6 }), (paths) => {
    const expected = paths.some((one) => paths.some((other) => other.startsWith(`${one}/`)));
    assert.equal(pathClash(paths) !== undefined, expected);
  }));
});
