/**
 * Calls back at a time that can be moved.
 *
 * @module
 */

import type { Clock } from "../../lib/clock.ts";

/** One time at which to be called back. */
export interface Alarm {
  /** Moves it to this steady time; Infinity is never. */
  set(at: number): void;
  stop(): void;
}

/** Makes an alarm that isn't set. */
export function makeAlarm(clock: Clock, ring: () => void): Alarm {
  let current: { readonly at: number; readonly cancel: AbortController } | undefined;
  const stop = () => {
    current?.cancel.abort();
    current = undefined;
  };
  return {
    set(at) {
      if (current?.at === at) return;
      stop();
      if (at === Infinity) return;
      const mine = current = { at, cancel: new AbortController() };
      clock.sleep(Math.max(0, at - clock.steady()), { signal: mine.cancel.signal }).then(() => {
        if (current !== mine) return;
        current = undefined;
        ring();
      }, () => {}); // moved or stopped
    },
    stop,
  };
}
