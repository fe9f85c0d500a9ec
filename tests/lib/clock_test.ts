import assert from "node:assert/strict";
import { systemClock } from "../../src/lib/clock.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { fakeClock } from "../support/clock.ts";

Deno.test("sleeping ends with the signal's reason when it aborts", async () => {
  const stop = new AbortController();
  const sleeping = systemClock.sleep(60_000, { signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(sleeping, /enough/);
  await assert.rejects(systemClock.sleep(60_000, { signal: stop.signal }), /enough/);
});

Deno.test("sleeping leaves no listener behind", async () => {
  const stop = new AbortController();
  await systemClock.sleep(0, { signal: stop.signal });
  stop.abort();
});

Deno.test("the steady time never goes back", () => {
  const first = systemClock.steady();
  assert.ok(systemClock.steady() >= first);
  assert.ok(Math.abs(systemClock.now() - Date.now()) < 1000);
});

Deno.test("a test's clock wakes who slept long enough", async () => {
  const clock = fakeClock(1000);
  let woken = 0;
  const sleeping = clock.sleep(50).then(() => woken = clock.now());
  clock.advance(49);
  await Promise.resolve();
  assert.equal(woken, 0);
  clock.advance(1);
  await sleeping;
  assert.equal(woken, 1050);
});

Deno.test("the ambient things are the machine's own unless given", () => {
  const clock = fakeClock();
  const deps = systemDeps({ clock });
  assert.equal(deps.clock, clock);
  assert.equal(deps.random.bytes(16).length, 16);
  assert.notDeepEqual(deps.random.bytes(16), deps.random.bytes(16));
});
