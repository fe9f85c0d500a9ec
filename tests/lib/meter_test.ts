import assert from "node:assert/strict";
import { memoryMeter, noMeter } from "../../src/lib/meter.ts";

Deno.test("a meter keeps sums by name and labels, sorted", () => {
  const meter = memoryMeter();
  meter.add("requests_total", 1, { route: "b" });
  meter.add("requests_total", 2, { route: "a" });
  meter.add("requests_total", 1, { route: "b" });
  meter.add("errors_total");
  meter.set("open", 3);
  meter.set("open", 2);
  meter.observe("hash_seconds", 0.5);
  meter.observe("hash_seconds", 0.25);
  assert.deepEqual(Object.entries(meter.read()), [
    ["errors_total", 1],
    ["hash_seconds_count", 2],
    ["hash_seconds_sum", 0.75],
    ["open", 2],
    ['requests_total{route="a"}', 2],
    ['requests_total{route="b"}', 2],
  ]);
});

Deno.test("the meter that forgets takes everything", () => {
  noMeter.add("a");
  noMeter.set("a", 1);
  noMeter.observe("a", 1);
});
