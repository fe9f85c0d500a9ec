import assert from "node:assert/strict";
import fc from "fast-check";
import { clockIsBehind, trustedNow, writtenAfter } from "../../src/trust/clock.ts";

Deno.test("now is the latest of all that is known", () => {
  const time = fc.integer({ min: writtenAfter, max: writtenAfter * 2 });
  fc.assert(fc.property(time, time, time, time, (clock, buildTime, notBefore, acceptedAt) => {
    const now = trustedNow({ clock, buildTime, notBefore, acceptedAt });
    assert.equal(now, [clock, buildTime, notBefore, acceptedAt].sort((a, b) => b - a)[0]);
  }));
});

Deno.test("what isn't known doesn't count", () => {
  const clock = writtenAfter + 5;
  assert.equal(trustedNow({ clock }), clock);
  assert.equal(trustedNow({ clock: 0 }), writtenAfter);
});

Deno.test("a clock is behind when it shows less than the build time", () => {
  assert.equal(clockIsBehind({ clock: 99, buildTime: 100 }), true);
  assert.equal(clockIsBehind({ clock: 100, buildTime: 100 }), false);
  assert.equal(clockIsBehind({ clock: Date.UTC(2019, 0) }), true);
  assert.equal(clockIsBehind({ clock: Date.UTC(2026, 0) }), false);
});
