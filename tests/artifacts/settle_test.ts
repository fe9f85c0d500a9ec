import assert from "node:assert/strict";
import { openSettling } from "../../src/artifacts/settle.ts";
import { takeTurns } from "../../src/artifacts/turns.ts";
import { fakeClock } from "../support/clock.ts";

Deno.test("what looks the same for long enough has settled", () => {
  const clock = fakeClock();
  const settling = openSettling(100, clock);
  assert.equal(settling.remaining("a", "x"), 100);
  clock.advance(60);
  assert.equal(settling.remaining("a", "x"), 40);
  assert.equal(settling.remaining("b", "x"), 100);
  assert.equal(settling.remaining("a", "y"), 100);
  clock.advance(99);
  assert.equal(settling.remaining("a", "y"), 1);
  clock.advance(1);
  assert.equal(settling.remaining("a", "y"), 0);
  clock.advance(1_000_000);
  assert.equal(settling.remaining("a", "y"), 0);
  assert.equal(settling.remaining("a", "x"), 100);
});

Deno.test("the time of day doesn't matter, forgotten things are seen anew", () => {
  const clock = fakeClock();
  const settling = openSettling(100, clock);
  settling.remaining("a", "x");
  settling.remaining("b", "x");
  clock.set(clock.now() + 1_000_000);
  assert.equal(settling.remaining("a", "x"), 100);
  clock.advance(100);
  settling.keep(new Set(["b"]));
  assert.equal(settling.remaining("a", "x"), 100);
  assert.equal(settling.remaining("b", "x"), 0);
});

Deno.test("work is done one after another, whatever becomes of it", async () => {
  const turn = takeTurns();
  const seen: string[] = [];
  const work = (name: string, fails = false) =>
    turn(async () => {
      seen.push(`${name} begins`);
      await Promise.resolve();
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const [a, b, c] = await Promise.allSettled([work("a"), work("b", true), work("c")]);
  assert.deepEqual(seen, ["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]));
  assert.deepEqual([a!.status, b!.status, c!.status], ["fulfilled", "rejected", "fulfilled"]);
});
