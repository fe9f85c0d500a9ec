/**
 * The providers of one transfer: who rests after a failure, and who is dropped for good.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import type { TransferLimits } from "./limits.ts";
import { backoffMs, isPassing } from "./retry.ts";
import type { Origin } from "./source.ts";

/** A provider and what we know of it. Its number is its lane. */
export interface Member {
  readonly lane: number;
  readonly origin: Origin;
  /** Failures since its last good chunk. */
  failures: number;
  /** The steady time from which it can be asked again. */
  restsUntil: number;
  /** Why it isn't asked any more. */
  dropped?: PlasmdError;
  /** Bytes of good chunks that came from it. */
  bytes: number;
  /** Whether it sent the whole where a range was asked for: it is no use as a second one. */
  wholeOnly: boolean;
}

/** All providers of a transfer. */
export interface Pool {
  readonly members: readonly Member[];
  /** Those that aren't dropped. */
  alive(): Member[];
  /** Those that can be asked now, the least failed first. */
  ready(now: number): Member[];
  /** Notes a failure: the provider rests, or is dropped where that is no use. */
  failed(member: Member, error: PlasmdError): void;
  /** Notes a good chunk. */
  succeeded(member: Member, bytes: number): void;
}

/** Told when a provider is dropped. */
export type OnDrop = (origin: Origin, error: PlasmdError) => void;

/** Makes the pool of a transfer; `onDrop` is told of each provider that is given up. */
export function makePool(
  origins: readonly Origin[],
  limits: TransferLimits,
  { clock, random }: Deps,
  onDrop: OnDrop = () => {},
): Pool {
  const members = origins.slice(0, limits.providers).map((origin, lane): Member => ({
    lane,
    origin,
    failures: 0,
    restsUntil: -Infinity,
    bytes: 0,
    wholeOnly: false,
  }));
  const alive = () => members.filter((member) => member.dropped === undefined);
  return {
    members,
    alive,
    ready: (now) =>
      alive().filter((member) => member.restsUntil <= now)
        .sort((a, b) => a.failures - b.failures || a.lane - b.lane),
    failed(member, error) {
      if (member.dropped !== undefined) return;
      member.failures++;
      if (isPassing(error) && member.failures < limits.tries) {
        const rest = backoffMs(member.failures, error, limits, random);
        member.restsUntil = clock.steady() + rest;
        return;
      }
      member.dropped = error;
      onDrop(member.origin, error);
    },
    succeeded(member, bytes) {
      member.failures = 0;
      member.bytes += bytes;
    },
  };
}
