/**
 * What one lane's browser does: it hears records, and asks for those that it lacks. RFC 6762 5.
 * Neither clock nor socket: times come in, datagrams go out.
 *
 * @module
 */

import { mdnsLimits } from "../../lib/limits.ts";
import { makeCache } from "./cache.ts";
import type { Lane } from "./links.ts";
import { isInstance, nameKey, sameName, serviceName } from "./names.ts";
import { type Found, offersOf } from "./offers.ts";
import { packRecords } from "./pack.ts";
import { type DnsRecord, makeMessage, type Message, type Question } from "./packet.ts";
import type { Chance } from "./responder.ts";

/** What is known of an instance after something has changed. */
export interface News extends Found {
  readonly instance: string;
}

/** The browser of one lane. Times are milliseconds of a steady clock. */
export interface LaneBrowser {
  readonly lane: Lane;
  /** Takes a response. */
  hear(message: Message, sender: string, now: number): News[];
  /** What is to be asked now, and what has ended. */
  tick(now: number): { readonly messages: Message[]; readonly news: News[] };
  /** When the next tick is due. */
  due(): number;
}

/** Makes the browser of a lane; its first question is a moment away. RFC 6762 5.2 */
export function makeLaneBrowser(lane: Lane, start: number, chance: Chance): LaneBrowser {
  const cache = makeCache();
  const missing = makeMissing();
  let askAt = start + 20 + 100 * chance();
  let interval: number = mdnsLimits.questionMs;
  const look = (instances: Iterable<string>, now: number) =>
    [...instances].slice(0, mdnsLimits.instances).map((instance): News => {
      const isPointedTo = cache.get(serviceName, "PTR")
        .some(({ data }) => typeof data === "string" && sameName(data, instance));
      if (!isPointedTo) return { instance, offers: [], ignored: [], missing: [] };
      const found = offersOf(cache, lane.link, instance);
      for (const question of found.missing) missing.want(question, now);
      return { instance, ...found };
    });
  const concerned = (name: string) => isInstance(name) ? [name] : cache.pointingTo(name);
  return {
    lane,
    hear(message, sender, now) {
      const records = [...message.answers, ...message.additionals];
      const changed = new Map<string, string>();
      const note = (name: string) => changed.set(nameKey(name), name);
      // Addresses last: only those of hosts to which an instance points are kept.
      const ours = (one: DnsRecord) =>
        one.type === "PTR"
          ? sameName(one.name, serviceName) && isInstance(one.data)
          : (one.type === "SRV" || one.type === "TXT") && isInstance(one.name);
      for (const record of records.filter(ours)) {
        cache.hear(record, sender, now);
        note(record.type === "PTR" ? record.data : record.name);
      }
      const pointed = new Map<string, readonly string[]>();
      for (const record of records.filter(({ type }) => type === "A" || type === "AAAA")) {
        const key = nameKey(record.name);
        const instances = pointed.get(key) ?? cache.pointingTo(record.name);
        pointed.set(key, instances);
        if (instances.length === 0) continue;
        cache.hear(record, sender, now);
        instances.forEach(note);
      }
      return look(changed.values(), now);
    },
    tick(now) {
      const before = cache.get(serviceName, "PTR");
      const ended = cache.expire(now);
      const names = ended.flatMap((name) =>
        sameName(name, serviceName)
          ? before.flatMap(({ data }) => typeof data === "string" ? [data] : [])
          : concerned(name)
      );
      const news = look(new Set(names), now);
      const messages: Message[] = [];
      if (askAt <= now) {
        messages.push(...serviceQuestion(cache.known(serviceName, "PTR", now)));
        askAt = now + interval;
        // RFC 6762 5.2: each time twice as long, up to an hour.
        interval = Math.min(2 * interval, mdnsLimits.questionMaxMs);
      }
      const questions = unique([...cache.refresh(now), ...missing.due(now)]);
      for (let i = 0; i < questions.length; i += 8) {
        messages.push(makeMessage({ questions: questions.slice(i, i + 8) }));
      }
      return { messages, news };
    },
    due: () => Math.min(askAt, cache.due(), missing.next()),
  };
}

/** RFC 6762 7.1: who is known already need not answer. 7.2: more of them than fit follow. */
function serviceQuestion(known: readonly DnsRecord[]): Message[] {
  const questions = [{ name: serviceName, type: "PTR", unicast: false }];
  const [first = [], ...rest] = packRecords(known, mdnsLimits.sentBytes - 64);
  return [
    makeMessage({ questions, answers: first, truncated: rest.length > 0 }),
    ...rest.map((answers, i) => makeMessage({ answers, truncated: i < rest.length - 1 })),
  ];
}

function unique(questions: readonly Question[]): Question[] {
  return [...new Map(questions.map((one) => [keyOf(one), one])).values()];
}

function keyOf({ name, type }: Question): string {
  return `${type} ${nameKey(name)}`;
}

/** Questions for what an instance lacks: at once, then after one second and more. */
function makeMissing() {
  const wanted = new Map<string, { question: Question; at: number; tries: number }>();
  return {
    want(question: Question, now: number): void {
      const key = keyOf(question);
      if (wanted.has(key)) return;
      // The longest known one goes: a flood of names must not close the way to others for ever.
      const [oldest] = wanted.keys();
      if (wanted.size >= mdnsLimits.missing) wanted.delete(oldest!);
      wanted.set(key, { question, at: now, tries: 0 });
    },
    due(now: number): Question[] {
      const due = [...wanted.values()].filter(({ at }) => at <= now);
      for (const one of due) {
        one.tries++;
        one.at = one.tries >= mdnsLimits.missingTries ? Infinity : now + 1000 * one.tries;
      }
      return due.map(({ question }) => question);
    },
    next: () => [...wanted.values()].reduce((least, { at }) => Math.min(least, at), Infinity),
  };
}
