/**
 * How fast bytes come, and how fast they may come. Only the time spent waiting for the provider
 * counts against it: what our disk or our own limit holds back is not its fault.
 *
 * @module
 */

import type { Clock } from "../lib/clock.ts";

/** What counts as too slow. */
export interface SpeedLimits {
  /** Least bytes a second … */
  readonly slowBytesPerSecond: number;
  /** … over so many milliseconds of waiting. */
  readonly slowWindowMs: number;
}

/** Watches one provider. All times are those of a steady clock. */
export interface SpeedWatch {
  /** We begin to wait for bytes. */
  wait(now: number): void;
  /** Bytes have come. */
  got(now: number, bytes: number): void;
  /** Milliseconds for which we wait for bytes now. */
  silentMs(now: number): number;
  /** Whether less came in the last window of waiting than the least. */
  tooSlow(now: number): boolean;
}

/** Starts to watch a provider. */
export function makeSpeedWatch({ slowBytesPerSecond, slowWindowMs }: SpeedLimits): SpeedWatch {
  let since: number | undefined;
  let waited = 0;
  let received = 0;
  let failed = false;
  const silentMs = (now: number) => since === undefined ? 0 : now - since;

  function judge(total: number): boolean {
    if (total < slowWindowMs) return failed;
    return failed || received < slowBytesPerSecond * (total / 1000);
  }

  return {
    wait: (now) => since = now,
    got(now, bytes) {
      waited += silentMs(now);
      since = undefined;
      received += bytes;
      failed = judge(waited);
      if (waited >= slowWindowMs) [waited, received] = [0, 0];
    },
    silentMs,
    tooSlow: (now) => judge(waited + silentMs(now)),
  };
}

/** Holds a transfer back to a rate. */
export interface RateLimit {
  /** Most bytes to read at once, so that a slow rate stays smooth. */
  readonly pieceBytes: number;
  /** Waits until so many bytes more are within the rate. */
  spend(bytes: number, signal: AbortSignal): Promise<void> | undefined;
}

/** A limit to `bytesPerSecond` shared by all who use it; none at all where that is undefined. */
export function makeRateLimit(bytesPerSecond: number | undefined, clock: Clock): RateLimit {
  if (bytesPerSecond === undefined) return { pieceBytes: Infinity, spend: () => undefined };
  let free = clock.steady();
  return {
    pieceBytes: Math.max(1024, Math.floor(bytesPerSecond / 8)),
    spend(bytes, signal) {
      const now = clock.steady();
      free = Math.max(free, now) + bytes / bytesPerSecond * 1000;
      return free > now ? clock.sleep(free - now, { signal }) : undefined;
    },
  };
}
