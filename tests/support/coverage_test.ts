import assert from "node:assert/strict";
import { counts, parseLcov, percentOf, withUnloaded } from "./coverage.ts";

const report = `SF:/p/src/lib/a.ts
DA:1,1
DA:2,0
DA:3,7
LH:2
LF:3
end_of_record
SF:/p/tests/support/b.ts
DA:1,1
end_of_record
`;

Deno.test("an lcov report gives lines and hits of each file", () => {
  assert.deepEqual(parseLcov(report, "/p/"), [
    { path: "src/lib/a.ts", lines: 3, hit: 2 },
    { path: "tests/support/b.ts", lines: 1, hit: 1 },
  ]);
});

Deno.test("tests and entries of Workers don't count", () => {
  assert.equal(counts("src/lib/a.ts"), true);
  assert.equal(counts("tests/support/b.ts"), false);
  assert.equal(counts("src/artifacts/hash_worker.ts"), false);
});

Deno.test("a file that no test loads counts with all its lines", () => {
  const files = withUnloaded(
    parseLcov(report, "/p/"),
    new Map([
      ["src/lib/a.ts", ""],
      ["src/lib/forgotten.ts", "/** Doc. */\n\n// why\nexport const a = 1;\nexport const b = 2;\n"],
    ]),
  );
  assert.deepEqual(files.at(-1), { path: "src/lib/forgotten.ts", lines: 2, hit: 0 });
  assert.equal(percentOf(files), 40);
});

Deno.test("a file of types only has nothing that could run", () => {
  const types = "export interface A {\n  b: string;\n}\nexport type C = A;\ndeclare const d: A;\n";
  assert.deepEqual(withUnloaded([], new Map([["src/lib/types.ts", types]])), []);
});

Deno.test("no lines at all are no coverage", () => assert.equal(percentOf([]), 0));
