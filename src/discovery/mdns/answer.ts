/**
 * Questions and their answers. RFC 6762 6 and 7. Pure.
 *
 * @module
 */

import { mdnsLimits } from "../../lib/limits.ts";
import { sameName } from "./names.ts";
import { type Group, packResponses } from "./pack.ts";
import { type DnsRecord, makeMessage, type Message, type Question } from "./packet.ts";
import { type Claim, recordKey, sharedRecords, typesRecord, uniqueRecords } from "./records.ts";
import {
  type Chance,
  type LaneState,
  noteSent,
  ownedClaims,
  type Peer,
  type Pending,
  type Responder,
  type Step,
  withLane,
} from "./responder.ts";

/** The port that everybody who speaks the whole protocol sends from. */
export const mdnsPort = 5353;

/** Takes a query: answers at once, or plans to. */
export function hearQuery(
  state: Responder,
  lane: LaneState,
  { message, from }: { readonly message: Message; readonly from: Peer },
  now: number,
  chance: Chance,
): Step {
  if (message.questions.length === 0) return known(state, lane, message, from);
  const answer = (questions: readonly Question[]) =>
    unknownToAsker(questions.flatMap((one) => answersTo(state, lane, one)), message.answers);
  if (from.port !== mdnsPort) {
    return unicast(state, lane, legacyAnswer(state, lane, answer(message.questions), message), {
      from,
      now,
    });
  }
  const direct = answer(message.questions.filter((one) => one.unicast));
  // RFC 6762 5.4: what nobody has heard for a quarter of its life is sent to all.
  const fresh = direct.filter((one) =>
    now - (lane.sent.get(recordKey(one)) ?? -Infinity) <
      one.ttl * 250
  );
  const open = answer(message.questions.filter((one) => !one.unicast));
  const planned = plan(lane, [...open, ...direct.filter((one) => !fresh.includes(one))], {
    ...{ now, from, message },
    chance,
  });
  const next = withLane(state, planned);
  if (fresh.length === 0) return { state: next, sends: [] };
  return unicast(next, planned, packResponses([groupOf(state, lane, fresh)]), { from, now });
}

/** Takes a response: what another has just said we need not say. RFC 6762 7.4 */
export function hearResponse(state: Responder, lane: LaneState, message: Message): Responder {
  const said = new Map(message.answers.map((one) => [recordKey(one), one.ttl]));
  return withLane(state, {
    ...lane,
    pending: without(lane.pending, (one) => (said.get(recordKey(one)) ?? -1) >= one.ttl),
  });
}

/** Sends the answers whose time has come. */
export function sendDue(state: Responder, now: number): Step {
  const sends: Step["sends"][number][] = [];
  let next = state;
  for (const lane of state.lanes.values()) {
    const due = lane.pending.filter(({ at }) => at <= now);
    if (due.length === 0) continue;
    const answers = [...new Map(
      due.flatMap((one) => one.answers).map((one) => [recordKey(one), one]),
    ).values()];
    const groups = answers.map((one) => groupOf(state, lane, [one]));
    sends.push(...packResponses(groups).map((message) => ({ lane: lane.lane.id, message })));
    const sent = noteSent(lane.sent, answers, now);
    const pending = lane.pending.filter(({ at }) => at > now);
    next = withLane(next, { ...lane, pending, sent });
  }
  return { state: next, sends };
}

/** What we have to say to a question. */
function answersTo(state: Responder, lane: LaneState, { name, type }: Question): DnsRecord[] {
  return ownedClaims(state, lane).flatMap((claim) => {
    const shared = sharedRecords(claim).filter((one) => sameName(one.name, name));
    if (shared.length > 0) return type === "PTR" || type === "ANY" ? shared : [];
    if (!sameName(claim.name, name)) return [];
    const records = uniqueRecords(state.provider, claim, lane.lane.link);
    const wanted = records.filter((one) => type === "ANY" || one.type === type);
    return wanted.length > 0 ? wanted : [typesRecord(claim.name, records)];
  });
}

/** RFC 6762 7.1: not what the asker knows and won't forget soon. */
function unknownToAsker(
  answers: readonly DnsRecord[],
  knownAnswers: readonly DnsRecord[],
): DnsRecord[] {
  const known = new Map(knownAnswers.map((one) => [recordKey(one), one.ttl]));
  return answers.filter((one) => (known.get(recordKey(one)) ?? -1) < one.ttl / 2);
}

/** More known answers of a question that we are about to answer. RFC 6762 7.2 */
function known(state: Responder, lane: LaneState, message: Message, from: Peer): Step {
  const pending = lane.pending.flatMap((one): Pending[] => {
    if (one.from.address !== from.address || one.from.port !== from.port) return [one];
    const answers = unknownToAsker(one.answers, message.answers);
    return answers.length === 0 ? [] : [{ ...one, answers }];
  });
  return { state: withLane(state, { ...lane, pending }), sends: [] };
}

/** RFC 6762 6: at once where only we can answer, else spread, so that many don't collide. */
function plan(
  lane: LaneState,
  answers: readonly DnsRecord[],
  { now, from, message, chance }: {
    readonly now: number;
    readonly from: Peer;
    readonly message: Message;
    readonly chance: Chance;
  },
): LaneState {
  if (answers.length === 0 || lane.pending.length >= mdnsLimits.pending) return lane;
  const probe = message.authorities.length > 0;
  const unique = answers.every(({ flush }) => flush);
  const delay = message.truncated
    ? 400 + 100 * chance()
    : unique || probe
    ? 0
    : 20 + 100 * chance();
  const byTime = Map.groupBy(answers, (one) => {
    // RFC 6762 6.2: a record is sent to all once a second, in defence of a name each 250 ms.
    const next = (lane.sent.get(recordKey(one)) ?? -Infinity) + (probe ? 250 : 1000);
    return Math.max(now + delay, next);
  });
  const planned = [...byTime].map(([at, some]): Pending => ({ at, answers: some, from }));
  return { ...lane, pending: [...lane.pending, ...planned] };
}

/** With the answer goes what would be asked for next. RFC 6763 12 */
function groupOf(state: Responder, lane: LaneState, answers: readonly DnsRecord[]): Group {
  const owned = ownedClaims(state, lane);
  const recordsOf = (claim: Claim) => uniqueRecords(state.provider, claim, lane.lane.link);
  const follow = ({ type, data }: DnsRecord): DnsRecord[] => {
    const name = type === "PTR" ? data : type === "SRV" ? data.target : undefined;
    const claim = owned.find((one) => name !== undefined && sameName(one.name, name));
    return claim === undefined ? [] : recordsOf(claim);
  };
  const first = answers.flatMap(follow);
  return { answers, additionals: [...first, ...first.flatMap(follow)] };
}

/** RFC 6762 6.7: for a plain DNS client, which knows nothing of flush bits and long lives. */
function legacyAnswer(
  state: Responder,
  lane: LaneState,
  answers: readonly DnsRecord[],
  { id, questions }: Message,
): Message[] {
  const plain = (records: readonly DnsRecord[]) =>
    records.filter(({ type }) => type !== "NSEC")
      .map((one) => ({ ...one, ttl: Math.min(one.ttl, 10), flush: false }));
  if (plain(answers).length === 0) return [];
  const [first] = packResponses(answers.map((one) => groupOf(state, lane, [one])));
  const ours = questions.filter(({ name }) => answers.some((one) => sameName(one.name, name)));
  return [{
    ...makeMessage({ id, response: true, questions: ours }),
    answers: plain(first!.answers),
    additionals: plain(first!.additionals),
  }];
}

/** Answers to one peer; so many a second, that nobody is flooded in another's name. */
function unicast(
  state: Responder,
  lane: LaneState,
  messages: readonly Message[],
  { from, now }: { readonly from: Peer; readonly now: number },
): Step {
  const { since, count } = lane.unicast;
  const old = now - since >= 1000 ? { since: now, count: 0 } : { since, count };
  const room = mdnsLimits.unicastPerSecond - old.count;
  const some = messages.slice(0, Math.max(0, room));
  const next = { ...lane, unicast: { since: old.since, count: old.count + some.length } };
  return {
    state: withLane(state, next),
    sends: some.map((message) => ({ lane: lane.lane.id, message, to: from })),
  };
}

function without(pending: readonly Pending[], drop: (one: DnsRecord) => boolean): Pending[] {
  return pending.flatMap((one) => {
    const answers = one.answers.filter((record) => !drop(record));
    return answers.length === 0 ? [] : [{ ...one, answers }];
  });
}
