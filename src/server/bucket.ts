/**
 * A rate kept by a bucket that fills with time: whoever takes from it waits until there is enough in
 * it, in the order in which they came.
 *
 * @module
 */

import type { Clock } from "../lib/clock.ts";

/** A bucket whose rate can change while somebody waits at it. */
export interface Bucket {
  /** Takes so many bytes; resolves when they may be sent. Rejects with the signal's reason. */
  take(bytes: number, signal: AbortSignal): Promise<void>;
  /** Bytes a second; 0 is no limit. Whoever waits goes on at the new rate. */
  setRate(bytesPerSecond: number): void;
  /** Whether nobody waits. */
  settled(): boolean;
}

/**
 * Makes a bucket. It holds what fills in within `paceMs` at most, and starts empty: a client that
 * comes anew for every small range gets no more than one that stays.
 */
export function makeBucket(
  { bytesPerSecond, paceMs }: { readonly bytesPerSecond: number; readonly paceMs: number },
  clock: Clock,
): Bucket {
  let rate = bytesPerSecond;
  let held = 0;
  let at = clock.steady();
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  let changed = new AbortController();
  const fill = (wanted: number) => {
    const now = clock.steady();
    held = Math.min(Math.max(wanted, rate * paceMs / 1000), held + rate * (now - at) / 1000);
    at = now;
  };
  return {
    async take(bytes, signal) {
      const turn = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = turn.then(() => promise);
      waiting++;
      try {
        await unlessAborted(turn, signal);
        for (fill(bytes); held < bytes && rate > 0; fill(bytes)) {
          // Rounded up: a timer that fires early would only be set again.
          const ms = Math.ceil((bytes - held) / rate * 1000);
          await sleepUntil(clock, ms, signal, changed.signal);
        }
        held = Math.max(0, held - bytes);
      } finally {
        waiting--;
        resolve();
      }
    },
    setRate(next) {
      fill(Infinity);
      rate = next;
      changed.abort();
      changed = new AbortController();
    },
    settled: () => waiting === 0,
  };
}

/** The promise's outcome, or the signal's reason where that comes first. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  await Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", stop));
}

/** Waits; returns early when the rate has changed. */
async function sleepUntil(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  changed: AbortSignal,
): Promise<void> {
  try {
    await clock.sleep(ms, { signal: AbortSignal.any([signal, changed]) });
  } catch (thrown) {
    signal.throwIfAborted();
    if (!changed.aborted) throw thrown;
  }
}
