import assert from "node:assert/strict";
import { PlasmdError } from "../../src/lib/errors.ts";
import { limitsOf } from "../../src/transfer/limits.ts";
import { backoffMs, isPassing, parseRetryAfter, statusError } from "../../src/transfer/retry.ts";

const limits = limitsOf();
const now = Date.UTC(2026, 0, 2, 3, 4, 5);
const least = { bytes: (length: number) => new Uint8Array(length) };
const most = { bytes: (length: number) => new Uint8Array(length).fill(255) };

Deno.test("Retry-After is seconds or a date", () => {
  assert.equal(parseRetryAfter("7", now), 7000);
  assert.equal(parseRetryAfter("Fri, 02 Jan 2026 03:04:15 GMT", now), 10_000);
  assert.equal(parseRetryAfter("Fri, 02 Jan 2026 03:00:00 GMT", now), 0);
});

Deno.test("anything else in Retry-After says nothing", () => {
  for (const text of [undefined, "", "-1", "1.5", "soon", "2026-01-02", "1e9", "Fri, nonsense"]) {
    assert.equal(parseRetryAfter(text, now), undefined, text);
  }
});

Deno.test("busy providers are asked again, when they say", () => {
  for (const status of [429, 500, 502, 503]) {
    const error = statusError(status, "3", now, limits);
    assert.equal(error.code, "unreachable");
    assert.equal(backoffMs(1, error, limits, least), 3000);
  }
});

Deno.test("nobody makes us wait for years", () => {
  for (const wish of ["61", "1000000000", "999999999999999"]) {
    const error = statusError(503, wish, now, limits);
    assert.equal(error.code, "bad_source");
    assert.match(error.message, /503.*wait/);
  }
  assert.equal(statusError(503, "60", now, limits).code, "unreachable");
});

Deno.test("other statuses are no use to ask again", () => {
  for (const status of [201, 204, 304, 400, 401, 403, 404, 416]) {
    assert.equal(statusError(status, "1", now, limits).code, "bad_source");
  }
});

Deno.test("waiting doubles, with jitter, and has an end", () => {
  const error = new PlasmdError("unreachable", "x");
  assert.deepEqual([1, 2, 3].map((n) => backoffMs(n, error, limits, most)), [250, 500, 1000]);
  assert.deepEqual([1, 2, 3].map((n) => backoffMs(n, error, limits, least)), [125, 250, 500]);
  assert.equal(backoffMs(50, error, limits, most), 16_000);
});

Deno.test("only what can pass is tried again", () => {
  assert.equal(isPassing(new PlasmdError("unreachable", "x")), true);
  assert.equal(isPassing(new PlasmdError("timeout", "x")), true);
  for (const code of ["bad_source", "mismatch", "no_space", "internal", "cancelled"] as const) {
    assert.equal(isPassing(new PlasmdError(code, "x")), false);
  }
});
