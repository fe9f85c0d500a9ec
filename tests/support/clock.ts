/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */

import type { Clock } from "../../src/lib/clock.ts";

/** A clock whose time a test sets. */
export interface FakeClock extends Clock {
  /** Moves time on, waking whoever slept until then. */
  advance(ms: number): void;
  /** Sets the time of day, forwards or back; the steady time doesn't move. */
  set(now: number): void;
}

/** Makes a clock that shows `start` (milliseconds since 1970, or a date). */
export function fakeClock(start: number | string = "2026-01-02T03:04:05Z"): FakeClock {
  let now = typeof start === "string" ? Date.parse(start) : start;
  let steady = 0;
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  return {
    now: () => now,
    steady: () => steady,
    set: (time) => now = time,
    advance(ms) {
      now += ms;
      steady += ms;
      for (const sleeper of [...sleepers]) if (sleeper.until <= steady) sleeper.wake();
    },
    sleep(ms, { signal } = {}) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const stop = () => {
          sleepers.delete(sleeper);
          reject(signal!.reason);
        };
        const sleeper = {
          until: steady + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal?.removeEventListener("abort", stop);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", stop, { once: true });
      });
    },
  };
}
