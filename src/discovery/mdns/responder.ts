/**
 * The state of a responder: names that are claimed, and how far each is on each lane. RFC 6762 8.
 * Pure: what happens and when comes in, a new state and what is to be sent come out.
 *
 * @module
 */

import type { Lane } from "./links.ts";
import type { DnsRecord, Message } from "./packet.ts";
import { type Claim, type Provider, recordKey, ttls } from "./records.ts";

/** Who sent a datagram, or who gets one. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** A datagram to be sent: to all on the lane, or to one. */
export interface Send {
  readonly lane: string;
  readonly message: Message;
  readonly to?: Peer;
}

/** How far a claim is: 0 to 2 are its probes, 3 and 4 its announcements, 5 is the end. */
export interface Progress {
  readonly step: number;
  /** When the next step is due, in milliseconds of the steady clock. */
  readonly at: number;
  /** Whether the name is ours: it was probed for, nobody objected, and it was announced. */
  readonly owned?: true;
}

/** Answers that wait for their time. */
export interface Pending {
  readonly at: number;
  readonly answers: readonly DnsRecord[];
  /** Who asked; known answers that follow from there belong to this question. */
  readonly from: Peer;
}

/** One lane's state. */
export interface LaneState {
  readonly lane: Lane;
  readonly progress: ReadonlyMap<string, Progress>;
  readonly pending: readonly Pending[];
  /** Record → when it was last sent to all. */
  readonly sent: ReadonlyMap<string, number>;
  /** Unicast answers since the start of a second. */
  readonly unicast: { readonly since: number; readonly count: number };
}

/** A responder. */
export interface Responder {
  readonly provider: Provider;
  readonly claims: readonly Claim[];
  readonly lanes: ReadonlyMap<string, LaneState>;
  /** When names were lost; RFC 6762 8.1 slows down at 15 in 10 seconds. */
  readonly conflicts: readonly number[];
}

/** A state and what is to be sent now. */
export interface Step {
  readonly state: Responder;
  readonly sends: readonly Send[];
}

/** A fraction below 1. */
export type Chance = () => number;

/** The steps of a claim. */
export const steps = { probes: 3, done: 5 } as const;

/** A name that is ours and is announced again. */
export function announcedAgain(at: number): Progress {
  return { step: steps.probes, at, owned: true };
}

/** Whether a name is ours on a lane. */
export function isOwned({ progress }: LaneState, claim: Claim): boolean {
  return progress.get(claim.key)?.owned ?? false;
}

/** The claims that are ours on a lane. */
export function ownedClaims({ claims }: Responder, lane: LaneState): Claim[] {
  return claims.filter((claim) => isOwned(lane, claim));
}

/** The state with another one for one lane. */
export function withLane(state: Responder, lane: LaneState): Responder {
  return { ...state, lanes: new Map([...state.lanes, [lane.lane.id, lane]]) };
}

/** When the next thing is due; Infinity where nothing is. */
export function nextDue({ lanes }: Responder): number {
  let due = Infinity;
  for (const { progress, pending } of lanes.values()) {
    for (const { at } of progress.values()) due = Math.min(due, at);
    for (const { at } of pending) due = Math.min(due, at);
  }
  return due;
}

/** What was sent to all and when, with these records sent now; what is long past is forgotten. */
export function noteSent(
  sent: ReadonlyMap<string, number>,
  records: readonly DnsRecord[],
  now: number,
): Map<string, number> {
  const kept = [...sent].filter(([, at]) => now - at < ttls.other * 250);
  return new Map([...kept, ...records.map((one) => [recordKey(one), now] as const)]);
}
