/**
 * Getting names and keeping them: probes, announcements, conflicts. RFC 6762 8 and 9. Pure.
 *
 * @module
 */

import type { Lane } from "./links.ts";
import { nameKey, sameName } from "./names.ts";
import { packRecords, packResponses } from "./pack.ts";
import { dataBytes, type DnsRecord, makeMessage, type Message } from "./packet.ts";
import { mdnsLimits } from "../../lib/limits.ts";
import {
  type Claim,
  claimsOf,
  ownKeys,
  type Provider,
  recordKey,
  type Service,
  sharedRecords,
  uniqueRecords,
} from "./records.ts";
import {
  announcedAgain,
  type Chance,
  isOwned,
  type LaneState,
  noteSent,
  ownedClaims,
  type Progress,
  type Responder,
  type Send,
  type Step,
  steps,
  withLane,
} from "./responder.ts";

/** A responder that speaks on no lane yet. */
export function newResponder(provider: Provider, services: readonly Service[]): Responder {
  return { provider, claims: claimsOf(provider, services), lanes: new Map(), conflicts: [] };
}

/**
 * Speaks on these lanes from now on. One that is new, or has other addresses, starts with probes:
 * whoever is there may have our names.
 */
export function setLanes(
  state: Responder,
  lanes: readonly Lane[],
  now: number,
  chance: Chance,
): Responder {
  const next = lanes.map((lane): [string, LaneState] => {
    const old = state.lanes.get(lane.id);
    if (old?.lane.link === lane.link) return [lane.id, old];
    const at = now + 250 * chance();
    const progress = new Map(state.claims.map(({ key }) => [key, { step: 0, at }]));
    const sent = new Map<string, number>();
    return [lane.id, { lane, progress, pending: [], sent, unicast: { since: now, count: 0 } }];
  });
  return { ...state, lanes: new Map(next) };
}

/** Announces these services from now on, says goodbye for those that are gone. */
export function setServices(
  state: Responder,
  services: readonly Service[],
  now: number,
  chance: Chance,
): Step {
  const claims = claimsOf(state.provider, services, state.claims);
  const gone = state.claims.filter((old) => !claims.some((one) => one.name === old.name));
  const sends = goodbyes({ ...state, claims: gone });
  let next: Responder = { ...state, claims };
  for (const lane of state.lanes.values()) {
    const at = now + 250 * chance();
    const progress = claims.map((claim): [string, Progress] => {
      const old = state.claims.find(({ name }) => name === claim.name);
      const was = lane.progress.get(claim.key);
      if (old === undefined || was === undefined) return [claim.key, { step: 0, at }];
      // RFC 6762 8.4: what is ours already is announced again without a probe.
      const changed = JSON.stringify(old.service) !== JSON.stringify(claim.service);
      return [claim.key, changed && isOwned(lane, old) ? announcedAgain(now) : was];
    });
    next = withLane(next, { ...lane, progress: new Map(progress) });
  }
  return { state: next, sends };
}

/** Takes the steps that are due: sends probes and announcements. */
export function takeSteps(state: Responder, now: number): Step {
  const sends: Send[] = [];
  let next = state;
  for (const lane of state.lanes.values()) {
    const due = state.claims.filter(({ key }) => (lane.progress.get(key)?.at ?? Infinity) <= now);
    if (due.length === 0) continue;
    const stepOf = ({ key }: Claim) => lane.progress.get(key)!.step;
    const probed = due.filter((claim) => stepOf(claim) < steps.probes);
    const announced = due.filter((claim) => stepOf(claim) >= steps.probes);
    const messages = [
      ...probeMessages(state.provider, probed, lane),
      ...announcements(state.provider, announced, lane),
    ];
    sends.push(...messages.map((message) => ({ lane: lane.lane.id, message })));
    const progress = new Map(lane.progress);
    for (const claim of due) progress.set(claim.key, later(stepOf(claim), now));
    const said = messages.flatMap((one) => one.response ? one.answers : []);
    const sent = noteSent(lane.sent, said, now);
    next = withLane(next, { ...lane, progress, sent });
  }
  return { state: next, sends };
}

/** Looks for others that have our names in what somebody sent. */
export function meetOthers(
  state: Responder,
  lane: LaneState,
  message: Message,
  now: number,
): Responder {
  const lanes = [...state.lanes.values()].map((one) => one.lane);
  let next = state;
  for (const claim of state.claims) {
    const own = ownKeys(state.provider, claim, lanes);
    const types = claim.service === undefined ? ["A", "AAAA"] : ["SRV"];
    const theirs = (records: readonly DnsRecord[]) =>
      records.filter((one) =>
        sameName(one.name, claim.name) && types.includes(one.type) && one.ttl > 0
      );
    const foreign = (records: readonly DnsRecord[]) =>
      theirs(records).some((one) => !own.has(recordKey(one)));
    const current = next.lanes.get(lane.lane.id)!;
    if (message.response) {
      const all = [...message.answers, ...message.authorities, ...message.additionals];
      if (foreign(all)) next = lose(next, current, claim, now);
    } else if (!isOwned(current, claim) && foreign(message.authorities)) {
      next = compare(next, current, claim, message, now);
    }
  }
  return next;
}

/** What is said when a responder goes: nobody shall wait for what was ours. RFC 6762 10.1 */
export function goodbyes(state: Responder): Send[] {
  return [...state.lanes.values()].flatMap((lane) => {
    const records = ownedClaims(state, lane).flatMap((claim) => [
      // The kind of service may have other instances.
      ...sharedRecords(claim).filter(({ data }) => data === claim.name),
      ...uniqueRecords(state.provider, claim, lane.lane.link),
    ]);
    const groups = records.map((one) => ({ answers: [{ ...one, ttl: 0 }] }));
    return packResponses(groups).map((message) => ({ lane: lane.lane.id, message }));
  });
}

/** RFC 6762 8.1 and 8.3: probes 250 ms apart, announcements one second apart. */
function later(step: number, now: number): Progress {
  const next = step + 1;
  if (step < steps.probes) return { step: next, at: now + 250 };
  return { step: next, at: next === steps.done ? Infinity : now + 1000, owned: true };
}

function probeMessages(provider: Provider, claims: readonly Claim[], { lane }: LaneState) {
  return claims.length === 0 ? [] : pairs(claims).map((some) => {
    const records = some.flatMap((claim) => uniqueRecords(provider, claim, lane.link));
    return makeMessage({
      questions: some.map(({ name }) => ({ name, type: "ANY", unicast: false })),
      authorities: packRecords(records, mdnsLimits.sentBytes)[0] ?? [],
    });
  });
}

/** Two names fit a datagram with all that they are to have. */
function pairs<T>(items: readonly T[]): T[][] {
  const starts = items.flatMap((_, i) => i % 2 === 0 ? [i] : []);
  return starts.map((start) => items.slice(start, start + 2));
}

function announcements(provider: Provider, claims: readonly Claim[], { lane }: LaneState) {
  return packResponses(claims.map((claim) => ({
    answers: [...sharedRecords(claim), ...uniqueRecords(provider, claim, lane.link)],
  })));
}

/**
 * Somebody else has a name of ours. RFC 6762 9: one that we believed to be ours is probed for again;
 * one that we were probing for is theirs, and we take another.
 */
function lose(state: Responder, lane: LaneState, claim: Claim, now: number): Responder {
  if (isOwned(lane, claim)) return restart(state, lane, claim, now);
  const conflicts = [...state.conflicts.filter((at) => at > now - 10_000), now].slice(-15);
  const at = conflicts.length >= 15 ? now + 5000 : now;
  const renamed = state.claims.map((one) =>
    one.key === claim.key ? { ...one, attempt: one.attempt % 9999 + 1 } : one
  );
  const services = state.claims.flatMap(({ service }) => service ?? []);
  const claims = claimsOf(state.provider, services, renamed);
  let next: Responder = { ...state, claims, conflicts };
  for (const each of state.lanes.values()) {
    const progress = new Map(each.progress);
    for (const one of claims) {
      const old = state.claims.find(({ key }) => key === one.key)!;
      const changed = nameKey(one.name) !== nameKey(old.name);
      if (changed) progress.set(one.key, { step: 0, at });
      // A service that points to a host of another name says so.
      else if (one.host !== old.host && isOwned(each, old)) {
        progress.set(one.key, announcedAgain(at));
      }
    }
    next = withLane(next, { ...each, progress, pending: [] });
  }
  return next;
}

function restart(state: Responder, lane: LaneState, { key }: Claim, at: number): Responder {
  return withLane(state, {
    ...lane,
    progress: new Map([...lane.progress, [key, { step: 0, at }]]),
  });
}

/** RFC 6762 8.2: of two that probe for one name the one with the greater records goes on. */
function compare(state: Responder, lane: LaneState, claim: Claim, message: Message, now: number) {
  const theirs = message.authorities.filter(({ name }) => sameName(name, claim.name));
  const ours = uniqueRecords(state.provider, claim, lane.lane.link);
  return order(theirs, ours) > 0 ? restart(state, lane, claim, now + 1000) : state;
}

/** Above 0 where `a` is greater. */
function order(a: readonly DnsRecord[], b: readonly DnsRecord[]): number {
  const [left, right] = [a.map(comparable).sort(), b.map(comparable).sort()];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return left[i]! > right[i]! ? 1 : -1;
  }
  return left.length - right.length;
}

const typeNumbers = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, NSEC: 47 } as const;

/** Type, then data, byte by byte; the class is the same for all. */
function comparable(record: DnsRecord): string {
  return typeNumbers[record.type].toString(16).padStart(4, "0") + dataBytes(record).toHex();
}
