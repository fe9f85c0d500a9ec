import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import { type Bucket, makeBucket } from "../../src/server/bucket.ts";
import { fakeClock } from "../support/clock.ts";

const signal = new AbortController().signal;

/** A bucket of 1000 bytes a second, and who has got what they took, by name. */
function place(bytesPerSecond = 1000) {
  const clock = fakeClock();
  const bucket = makeBucket({ bytesPerSecond, paceMs: 100 }, clock);
  const done: string[] = [];
  const take = (name: string, bytes: number) =>
    bucket.take(bytes, signal).then(() => void done.push(name));
  const advance = async (ms: number) => {
    clock.advance(ms);
    await settle();
  };
  return { clock, bucket, done, take, advance };
}

/** Lets what is ready run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
}

Deno.test("who takes waits until it is filled in, in the order of coming", async () => {
  const { done, take, advance } = place();
  const all = [take("first", 500), take("second", 500)];
  await advance(499);
  deepEqual(done, []);
  await advance(1);
  deepEqual(done, ["first"]);
  await advance(500);
  deepEqual(done, ["first", "second"]);
  await Promise.all(all);
});

Deno.test("an idle bucket holds no more than its pace", async () => {
  const { done, take, advance } = place();
  await advance(60_000);
  await take("at once", 100);
  const late = take("late", 100);
  await advance(99);
  deepEqual(done, ["at once"]);
  await advance(1);
  await late;
});

Deno.test("a rate of 0 lets everybody through, those who wait included", async () => {
  const { bucket, take, advance, done } = place();
  const waiting = take("waiting", 1_000_000);
  await advance(10);
  deepEqual(done, []);
  bucket.setRate(0);
  await waiting;
  await take("free", 1_000_000);
  bucket.setRate(1000);
  ok(bucket.settled());
});

Deno.test("a new rate counts for who waits already", async () => {
  const { bucket, take, advance, done } = place(10);
  const waiting = take("one", 1000);
  await advance(1000);
  bucket.setRate(990);
  await settle();
  await advance(999);
  deepEqual(done, []);
  await advance(1);
  deepEqual(done, ["one"]);
  await waiting;
});

Deno.test("who leaves doesn't hold up who stays", async () => {
  const { bucket, take, advance, done } = place();
  const leave = new AbortController();
  const left = bucket.take(1_000_000, leave.signal);
  const stays = take("stays", 500);
  leave.abort(new Error("gone"));
  await rejects(left, /gone/);
  await settle();
  await advance(500);
  deepEqual(done, ["stays"]);
  await stays;
  ok(bucket.settled());
});

Deno.test("never more than the rate and one pace is given, whoever comes and leaves", async () => {
  const step = fc.record({
    bytes: fc.integer({ min: 1, max: 500 }),
    ms: fc.integer({ min: 0, max: 300 }),
    leaves: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { clock, bucket } = place();
      let given = 0;
      const leaving: AbortController[] = [];
      const running: Promise<unknown>[] = [];
      for (const { bytes, ms, leaves } of steps) {
        const leave = new AbortController();
        if (leaves) leaving.push(leave);
        running.push(bucket.take(bytes, leave.signal).then(() => given += bytes, () => {}));
        clock.advance(ms);
        await settle();
        leaving.shift()?.abort();
        await settle();
        ok(given <= 1000 * clock.steady() / 1000 + 100, `${given} in ${clock.steady()} ms`);
      }
      await end(bucket, running);
    }),
    { numRuns: 100 },
  );
});

async function end(bucket: Bucket, running: readonly Promise<unknown>[]): Promise<void> {
  bucket.setRate(0);
  await Promise.all(running);
  equal(bucket.settled(), true);
}
