import assert from "node:assert/strict";
import { makeRateLimit, makeSpeedWatch } from "../../src/transfer/speed.ts";
import { fakeClock } from "../support/clock.ts";

const limits = { slowBytesPerSecond: 1000, slowWindowMs: 5000 };
const never = new AbortController().signal;

Deno.test("a provider that says nothing is too slow after the window", () => {
  const watch = makeSpeedWatch(limits);
  watch.wait(0);
  assert.equal(watch.silentMs(1200), 1200);
  assert.equal(watch.tooSlow(4999), false);
  assert.equal(watch.tooSlow(5000), true);
});

Deno.test("one byte a second is too slow, although it is never silent for long", () => {
  const watch = makeSpeedWatch(limits);
  for (let second = 0; second < 5; second++) {
    assert.equal(watch.tooSlow(second * 1000), false);
    watch.wait(second * 1000);
    watch.got(second * 1000 + 999, 1);
    watch.wait(second * 1000 + 999);
    watch.got(second * 1000 + 1000, 1);
  }
  watch.wait(5000);
  assert.equal(watch.tooSlow(5000), true);
});

Deno.test("the least speed is enough, window after window", () => {
  const watch = makeSpeedWatch(limits);
  for (let at = 0; at < 20_000; at += 500) {
    watch.wait(at);
    watch.got(at + 500, 500);
    assert.equal(watch.tooSlow(at + 500), false);
  }
});

Deno.test("a provider that was fast and falls silent is found out", () => {
  const watch = makeSpeedWatch(limits);
  watch.wait(0);
  watch.got(5000, 1_000_000);
  watch.wait(5000);
  assert.equal(watch.tooSlow(9999), false);
  assert.equal(watch.tooSlow(10_000), true);
});

Deno.test("time in which we don't wait doesn't count", () => {
  const watch = makeSpeedWatch(limits);
  for (let at = 0; at < 600_000; at += 10_000) {
    watch.wait(at);
    watch.got(at + 1, 1);
    assert.equal(watch.silentMs(at + 9000), 0);
    assert.equal(watch.tooSlow(at + 9000), false);
  }
});

Deno.test("without a limit nothing waits", () => {
  const rate = makeRateLimit(undefined, fakeClock());
  assert.equal(rate.spend(1e9, never), undefined);
  assert.equal(rate.pieceBytes, Infinity);
});

Deno.test("a limit holds back all that use it, together", async () => {
  const clock = fakeClock();
  const rate = makeRateLimit(10_000, clock);
  let done = 0;
  rate.spend(5000, never)?.then(() => done++);
  rate.spend(5000, never)?.then(() => done++);
  for (const [at, count] of [[499, 0], [500, 1], [999, 1], [1000, 2]]) {
    clock.advance(at! - clock.steady());
    await Promise.resolve();
    assert.equal(done, count, `after ${at} ms`);
  }
});

Deno.test("what wasn't used isn't saved up", () => {
  const clock = fakeClock();
  const rate = makeRateLimit(10_000, clock);
  clock.advance(60_000);
  assert.notEqual(rate.spend(5000, AbortSignal.abort())?.catch(() => {}), undefined);
});

Deno.test("waiting for the rate ends with the signal", async () => {
  const stop = new AbortController();
  const waiting = makeRateLimit(10, fakeClock()).spend(5000, stop.signal);
  stop.abort(new Error("stopped"));
  await assert.rejects(waiting!, /stopped/);
});

Deno.test("reads are small where the rate is", () => {
  assert.equal(makeRateLimit(80_000, fakeClock()).pieceBytes, 10_000);
  assert.equal(makeRateLimit(1, fakeClock()).pieceBytes, 1024);
});
