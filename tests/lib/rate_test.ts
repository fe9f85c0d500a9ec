import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { makeRate } from "../../src/lib/rate.ts";
import { fakeClock } from "../support/clock.ts";

function taken(rate: ReturnType<typeof makeRate>, key: string, tries: number): number {
  let count = 0;
  for (let i = 0; i < tries; i++) if (rate.take(key)) count++;
  return count;
}

Deno.test("a key takes what it may at once, then what time gives back", () => {
  const clock = fakeClock();
  const rate = makeRate({ perSecond: 10, atOnce: 5, keys: 10 }, clock);
  equal(taken(rate, "a", 20), 5);
  clock.advance(300);
  equal(taken(rate, "a", 20), 3);
  clock.advance(60_000);
  equal(taken(rate, "a", 20), 5);
});

Deno.test("one key's haste is not another's", () => {
  const rate = makeRate({ perSecond: 1, atOnce: 2, keys: 10 }, fakeClock());
  equal(taken(rate, "a", 9), 2);
  equal(taken(rate, "b", 9), 2);
});

Deno.test("of too many keys the one that came longest ago is forgotten", () => {
  const rate = makeRate({ perSecond: 1, atOnce: 1, keys: 2 }, fakeClock());
  equal(rate.take("a"), true);
  equal(rate.take("b"), true);
  equal(rate.take("a"), false);
  equal(rate.take("c"), true);
  equal(rate.take("a"), false);
  equal(rate.take("b"), true);
});

Deno.test("however it is asked, nobody takes more than the rate and one burst", () => {
  fc.assert(fc.property(fc.array(fc.nat(500), { maxLength: 200 }), (pauses) => {
    const clock = fakeClock();
    const rate = makeRate({ perSecond: 7, atOnce: 3, keys: 4 }, clock);
    let count = 0;
    let ms = 0;
    for (const pause of pauses) {
      clock.advance(pause);
      ms += pause;
      if (rate.take("a")) count++;
    }
    ok(count <= 3 + ms / 1000 * 7 + 1e-6);
  }));
});
