import { equal, match, ok } from "node:assert/strict";
import { chart, isFlat } from "./chart.ts";

Deno.test("a chart shows the least, the largest and a peak that is one value wide", () => {
  const values = new Array<number>(1000).fill(10);
  values[500] = 90;
  const lines = chart("Memory", values, 4, 50).split("\n");
  equal(lines[0], "Memory");
  match(lines[1]!, /^ +90 \| +\*$/);
  match(lines[4]!, /^ +10 \|\*+ \*+$/);
  ok(lines.every((line) => line.length <= 60));
});

Deno.test("what grows isn't flat; what warms up, or has peaks, is", () => {
  const rising = Array.from({ length: 90 }, (_, i) => i);
  equal(isFlat(rising, 10), false);
  equal(isFlat(rising.map((value) => Math.min(value, 25)), 10), true);
  equal(isFlat(rising.map((_, i) => i % 30 === 0 ? 1000 : 5), 10), true);
  equal(isFlat([], 0), true);
});
