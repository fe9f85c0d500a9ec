/**
 * A rate of each key, by a bucket that fills with time: who takes too fast is told so at once.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** Rates of many. */
export interface Rate {
  /** Takes one; false where the key has none left. */
  take(key: string): boolean;
}

/** How fast a key may take. */
export interface RateOptions {
  readonly perSecond: number;
  /** A key that has taken nothing for long may take so many at once. */
  readonly atOnce: number;
  /** Keys that are remembered; beyond, the one that came longest ago is forgotten. */
  readonly keys: number;
}

/** Makes a rate of nobody yet. */
export function makeRate({ perSecond, atOnce, keys }: RateOptions, clock: Clock): Rate {
  const known = new Map<string, { left: number; at: number }>();
  return {
    take(key) {
      const now = clock.steady();
      const before = known.get(key) ?? { left: atOnce, at: now };
      const filled = Math.min(atOnce, before.left + (now - before.at) / 1000 * perSecond);
      const given = filled >= 1;
      // Put last, so that the first is the one that came longest ago.
      known.delete(key);
      known.set(key, { left: given ? filled - 1 : filled, at: now });
      if (known.size > keys) known.delete(known.keys().next().value!);
      return given;
    },
  };
}
