/**
 * Waiting until what was found has stopped changing: a file that is still being written is no image.
 *
 * @module
 */

import type { Clock } from "../lib/clock.ts";

/** Tells how long things have looked the same. */
export interface Settling {
  /**
   * Notes what something looks like now. Returns the milliseconds that it must go on looking so
   * before it counts; 0 when it has.
   */
  remaining(key: string, looks: string): number;
  /** Forgets all but these. */
  keep(keys: ReadonlySet<string>): void;
}

/**
 * Starts with nothing seen. Time is the steady one: neither a jump of the clock nor the times that a
 * file claims for itself make it look older than it was seen to be.
 */
export function openSettling(ms: number, { steady }: Pick<Clock, "steady">): Settling {
  const seen = new Map<string, { readonly looks: string; readonly since: number }>();
  return {
    remaining(key, looks) {
      const now = steady();
      const last = seen.get(key);
      if (last?.looks === looks) return Math.max(0, last.since + ms - now);
      seen.set(key, { looks, since: now });
      return ms;
    },
    keep(keys) {
      for (const key of seen.keys()) if (!keys.has(key)) seen.delete(key);
    },
  };
}
