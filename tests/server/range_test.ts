import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { contentRange, parseRange } from "../../src/server/range.ts";

const size = 1000;
const part = (start: number, end: number) => ({ kind: "part", start, end });

Deno.test("one range is read in its three forms", () => {
  deepEqual(parseRange("bytes=0-0", size), part(0, 1));
  deepEqual(parseRange("bytes=10-19", size), part(10, 20));
  deepEqual(parseRange("bytes=990-", size), part(990, 1000));
  deepEqual(parseRange("bytes=-1", size), part(999, 1000));
  deepEqual(parseRange("bytes=0-", size), part(0, 1000));
});

Deno.test("what reaches beyond the end is clamped", () => {
  deepEqual(parseRange("bytes=10-1000", size), part(10, 1000));
  deepEqual(parseRange("bytes=999-99999999999999999999999999", size), part(999, 1000));
  deepEqual(parseRange("bytes=-2000", size), part(0, 1000));
  deepEqual(parseRange(`bytes=-${"9".repeat(400)}`, size), part(0, 1000));
});

Deno.test("what begins past the end, and the last 0 bytes, can't be satisfied", () => {
  for (
    const header of ["bytes=1000-", "bytes=1000-2000", "bytes=-0", `bytes=${"9".repeat(400)}-`]
  ) {
    deepEqual(parseRange(header, size), { kind: "unsatisfiable" }, header);
  }
});

Deno.test("malformed, reversed, several and unknown units are ignored", () => {
  const headers = [
    undefined,
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes=5-2",
    "bytes=1-2,4-5",
    "bytes=0-1,",
    "bytes=-5-3",
    "bytes=--5",
    "bytes=1--5",
    "bytes=+1-2",
    "bytes=1.5-2",
    "bytes=0x1-2",
    "bytes=1 - 2",
    "bytes:1-2",
    "items=0-1",
    "seconds=1-2",
    "bytes =0-1",
    "bytes=1e1-",
    "\u0661-2",
    `bytes=${"9".repeat(30)}-${"9".repeat(29)}`,
    "bytes=\u0661-\u0662",
    "bytes=0-1\n",
  ];
  for (const header of headers) deepEqual(parseRange(header, size), { kind: "whole" }, header);
});

Deno.test("unit names are case-insensitive and leading zeros mean nothing", () => {
  deepEqual(parseRange("BYTES=0001-0002", size), part(1, 3));
  deepEqual(parseRange(`bytes=${"0".repeat(500)}1-2`, size), part(1, 3));
});

Deno.test("nothing of an empty file can be asked for", () => {
  deepEqual(parseRange("bytes=0-", 0), { kind: "unsatisfiable" });
  deepEqual(parseRange("bytes=-5", 0), { kind: "whole" });
});

Deno.test("whatever the header, a part lies inside the file and is never empty", () => {
  const digits = fc.stringMatching(/^[0-9]{0,25}$/);
  const likely = fc.tuple(digits, digits).map(([a, b]) => `bytes=${a}-${b}`);
  fc.assert(fc.property(fc.oneof(likely, fc.string()), fc.nat(1 << 20), (header, length) => {
    const answer = parseRange(header, length);
    if (answer.kind !== "part") return;
    ok(answer.start >= 0 && answer.start < answer.end && answer.end <= length, header);
  }));
});

Deno.test("first-last within the file is exactly that part", () => {
  fc.assert(fc.property(fc.nat(999), fc.nat(999), (a, b) => {
    const [first, last] = [Math.min(a, b), Math.max(a, b)];
    deepEqual(parseRange(`bytes=${first}-${last}`, size), part(first, last + 1));
    equal(contentRange(first, last + 1, size), `bytes ${first}-${last}/1000`);
  }));
});
