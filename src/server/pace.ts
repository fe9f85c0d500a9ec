/**
 * Rate caps: how fast bytes of artifacts are sent, in all and to one address. DESIGN 7.
 *
 * Documents that are made in memory aren't held back, so that /health answers however busy the caps
 * are.
 *
 * @module
 */

import type { Clock } from "../lib/clock.ts";
import { type Bucket, makeBucket } from "./bucket.ts";
import { addressKey } from "./connections.ts";
import type { ServerLimits } from "./server_limits.ts";

/** The limits that pacing goes by; they may change, {@linkcode Pacer.changed} says so. */
export type PaceLimits = Pick<
  ServerLimits,
  "bytesPerSecond" | "bytesPerSecondPerAddress" | "paceMs"
>;

/** Holds transfers back. */
export interface Pacer {
  /** Enters a transfer to an address. */
  enter(address: string): PacedTransfer;
  /** Takes note that the limits have changed. */
  changed(): void;
}

/** One transfer; disposing it ends it. */
export interface PacedTransfer extends Disposable {
  /** Bytes that are sent in one go at most: less where a cap is low. */
  most(): number;
  /** Resolves when so many bytes may be sent. Rejects with the signal's reason. */
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

/** Least bytes in one go: a lower cap than this in `paceMs` comes in bursts. */
const least = 1024;

/** Makes a pacer. Without caps it costs nothing. */
export function makePacer(limits: PaceLimits, clock: Clock): Pacer {
  const { paceMs } = limits;
  const all = makeBucket({ bytesPerSecond: limits.bytesPerSecond, paceMs }, clock);
  const addresses = new Map<string, { readonly bucket: Bucket; transfers: number }>();
  const most = () => {
    const caps = [limits.bytesPerSecond, limits.bytesPerSecondPerAddress].filter((cap) => cap > 0);
    return Math.max(least, Math.floor(Math.min(...caps) * paceMs / 1000));
  };
  const one = (key: string) => {
    const bytesPerSecond = limits.bytesPerSecondPerAddress;
    const known = addresses.get(key) ??
      { bucket: makeBucket({ bytesPerSecond, paceMs }, clock), transfers: 0 };
    addresses.set(key, known);
    return known;
  };
  return {
    enter(address) {
      const key = addressKey(address);
      const own = one(key);
      own.transfers++;
      return {
        most,
        async take(bytes, signal) {
          if (limits.bytesPerSecondPerAddress > 0) await own.bucket.take(bytes, signal);
          if (limits.bytesPerSecond > 0) await all.take(bytes, signal);
        },
        [Symbol.dispose]() {
          // It starts empty when it comes again: forgetting it gives nothing away.
          if (--own.transfers === 0) addresses.delete(key);
        },
      };
    },
    changed() {
      all.setRate(limits.bytesPerSecond);
      for (const { bucket } of addresses.values()) bucket.setRate(limits.bytesPerSecondPerAddress);
    },
  };
}
