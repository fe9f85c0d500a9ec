import assert from "node:assert/strict";
import { columns } from "../../src/cli/columns.ts";

Deno.test("columns are as wide as their longest cell, and nothing is padded at the end", () => {
  assert.deepEqual(columns([["a", "bbb", "c"], ["aaaa", "b", "cccc"], ["x"]]), [
    "a     bbb  c",
    "aaaa  b    cccc",
    "x",
  ]);
  assert.deepEqual(columns([]), []);
});
