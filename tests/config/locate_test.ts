import assert from "node:assert/strict";
import fc from "fast-check";
import { locateKey } from "../../src/config/locate.ts";

const toml = `# a comment
top = 1
[a.b]
  c = 2
"d e" = 3
f.g = 4
[[a.list]]
[ a . "x y" ]
inner = { one = 1, two = { three = 3 } }
`;

Deno.test("keys are found in tables, dotted, quoted and inline", () => {
  const places: [string[], number, number][] = [
    [["top"], 2, 1],
    [["a", "b", "c"], 4, 3],
    [["a", "b", "d e"], 5, 1],
    [["a", "b", "f", "g"], 6, 1],
    [["a", "x y", "inner"], 9, 1],
    [["a", "x y", "inner", "one"], 9, 11],
  ];
  for (const [path, line, column] of places) {
    assert.deepEqual(locateKey(toml, path), { line, column }, path.join("."));
  }
});

Deno.test("a key that isn't written is placed at the nearest table above it", () => {
  assert.deepEqual(locateKey(toml, ["a", "b", "missing"]), { line: 3, column: 2 });
  assert.deepEqual(locateKey(toml, ["nowhere"]), { line: 1, column: 1 });
});

Deno.test("any text has a place for any key", () => {
  fc.assert(fc.property(fc.string(), fc.array(fc.string()), (text, path) => {
    const { line, column } = locateKey(text, path);
    assert.ok(line >= 1 && column >= 1 && line <= text.split("\n").length);
  }));
});
