/**
 * Which provider is asked first. Pure: what was found goes in, an order comes out. DESIGN 8.
 *
 * @module
 */

import type { PlasmdError } from "../lib/errors.ts";
import type { ImageTarget } from "./keys.ts";
import type { Offer } from "./offer.ts";

/** What a provider's manifest was found to be. */
export interface Judgement {
  /** `verified`: the policy accepts it; `unverified`: well-formed, and there is no policy. */
  readonly status: "verified" | "unverified" | "refused";
  readonly manifestId?: string;
  readonly version?: string;
  readonly sequence?: number;
  /** Keyids whose signatures are valid, whoever they are. */
  readonly signers: readonly string[];
  /** Milliseconds from asking for the manifest to having it. */
  readonly latencyMs?: number;
  /** Why it was refused. */
  readonly error?: PlasmdError;
}

/** An offer, and what came of looking at it. */
export interface Judged extends Judgement {
  readonly offer: Offer;
}

/** The offers that are of any use, best first. */
export function rank(found: readonly Judged[], target: ImageTarget, now: number): Judged[] {
  const usable = found.filter(({ status, offer }) =>
    status !== "refused" && offer.gone === undefined &&
    offer.channel === target.channel && offer.arch === target.arch &&
    (offer.expiresAt === undefined || offer.expiresAt > now)
  );
  return bestOfEach(usable).toSorted(compare);
}

/** One provider that was found in several ways counts once, as it is reached best. */
function bestOfEach(found: readonly Judged[]): Judged[] {
  const best = new Map<string, Judged>();
  for (const one of found) {
    const known = best.get(one.offer.origin);
    if (known === undefined || compare(one, known) < 0) best.set(one.offer.origin, one);
  }
  return [...best.values()];
}

/** Highest trusted sequence, then the same link, then latency and load; the origin decides ties. */
function compare(a: Judged, b: Judged): number {
  return order(b.status === "verified", a.status === "verified") ||
    order(b.sequence ?? -1, a.sequence ?? -1) ||
    order(b.offer.sameLink, a.offer.sameLink) ||
    order(cost(a), cost(b)) ||
    order(a.offer.origin, b.offer.origin);
}

function order<T>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A provider that is full counts like one that is twice as far. */
function cost({ latencyMs, offer: { latencyMs: before, load = 0 } }: Judged): number {
  return (latencyMs ?? before ?? Infinity) * (1 + load / 100);
}
