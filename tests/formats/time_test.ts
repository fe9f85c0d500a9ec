import assert from "node:assert/strict";
import fc from "fast-check";
import { formatTime, parseTime } from "../../src/formats/time.ts";

Deno.test("a time is written in whole seconds and read back", () => {
  const seconds = fc.integer({ min: 0, max: 253402300799 });
  fc.assert(fc.property(seconds, fc.nat(999), (time, ms) => {
    const text = formatTime(time * 1000 + ms);
    assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(parseTime(text), time * 1000);
  }));
});

Deno.test("a time has one spelling", () => {
  const others = [
    "2025-11-26T12:00:00.000Z",
    "2025-11-26T12:00:00+00:00",
    "2025-11-26T12:00:00z",
    "2025-11-26t12:00:00Z",
    "2025-11-26 12:00:00Z",
    "2025-11-26T12:00Z",
    "2025-11-26",
    "+002025-11-26T12:00:00Z",
    "2025-11-26T12:00:00Z\n",
    " 2025-11-26T12:00:00Z",
    "2025-330T12:00:00Z",
    "20251126T120000Z",
    "1764158400",
    "",
  ];
  for (const text of others) assert.equal(parseTime(text), undefined, text);
});

Deno.test("a time that doesn't exist is none", () => {
  const others = [
    "2025-02-29T00:00:00Z",
    "2025-02-30T00:00:00Z",
    "2025-04-31T00:00:00Z",
    "2025-13-01T00:00:00Z",
    "2025-00-01T00:00:00Z",
    "2025-01-00T00:00:00Z",
    "2025-01-01T24:00:00Z",
    "2025-01-01T23:60:00Z",
    "2025-01-01T23:59:60Z",
  ];
  for (const text of others) assert.equal(parseTime(text), undefined, text);
  assert.equal(parseTime("2024-02-29T00:00:00Z"), Date.UTC(2024, 1, 29));
});
