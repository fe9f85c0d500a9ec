import { equal } from "node:assert/strict";
import fc from "fast-check";
import { httpDate, parseHttpDate } from "../../src/server/http_date.ts";

const now = Date.UTC(2025, 10, 26);
const then = Date.UTC(1994, 10, 6, 8, 49, 37);

Deno.test("all three forms of a date are read", () => {
  equal(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT", now), then);
  equal(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", now), then);
  equal(parseHttpDate("Sun Nov  6 08:49:37 1994", now), then);
});

Deno.test("two digits more than 50 years ahead are of the past century", () => {
  equal(parseHttpDate("Sunday, 06-Nov-75 08:49:37 GMT", now), Date.UTC(2075, 10, 6, 8, 49, 37));
  equal(parseHttpDate("Sunday, 06-Nov-76 08:49:37 GMT", now), Date.UTC(1976, 10, 6, 8, 49, 37));
});

Deno.test("anything else is no date", () => {
  const bad = [
    "",
    "now",
    "0",
    "1994-11-06T08:49:37Z",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
  ];
  for (const text of bad) equal(parseHttpDate(text, now), undefined, text);
});

Deno.test("a date that we write is read as the same second", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
    equal(parseHttpDate(httpDate(ms), now), Math.floor(ms / 1000) * 1000);
  }));
});

Deno.test("no text makes the reader fail", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const read = parseHttpDate(text, now);
    equal(read === undefined || Number.isSafeInteger(read), true);
  }));
});
