/**
 * Records that were heard on one lane, for as long as they last. RFC 6762 10. Bounded, whoever sends
 * how much: a sender has a share, and where there is no room the one with the most loses its oldest.
 *
 * @module
 */

import { mdnsLimits } from "../../lib/limits.ts";
import { nameKey } from "./names.ts";
import type { DnsRecord, Question } from "./packet.ts";
import { recordKey } from "./records.ts";

/** A record and what is known of it. */
interface Entry {
  readonly record: DnsRecord;
  readonly sender: string;
  readonly heardAt: number;
  expiresAt: number;
  /** How often it was asked for again before its end. */
  asked: number;
}

/** What was heard on one lane. Times are milliseconds of a steady clock. */
export interface Cache {
  /** Takes a record in, or out. False where there is no room for it. */
  hear(record: DnsRecord, sender: string, now: number): boolean;
  /** The records of a name and type. */
  get(name: string, type: DnsRecord["type"]): readonly DnsRecord[];
  /** Names of instances that point to a host. */
  pointingTo(host: string): readonly string[];
  /** Records of a name with seconds that are left, for whoever must not be told again. */
  known(name: string, type: DnsRecord["type"], now: number): readonly DnsRecord[];
  /** Forgets what has ended; returns the names that were concerned. */
  expire(now: number): readonly string[];
  /** Questions for what will end soon, each time once. */
  refresh(now: number): readonly Question[];
  /** When something ends or is to be asked for. */
  due(): number;
  readonly size: number;
}

/** Makes an empty cache. */
export function makeCache(): Cache {
  const entries = new Map<string, Entry>();
  const names = new Map<string, Set<string>>();
  const senders = new Map<string, number>();
  const all = (name: string, type: string) =>
    [...names.get(nameKey(name)) ?? []].map((key) => entries.get(key)!)
      .filter(({ record }) => record.type === type);
  const remove = (key: string) => {
    const entry = entries.get(key)!;
    const name = nameKey(entry.record.name);
    entries.delete(key);
    names.get(name)?.delete(key);
    if (names.get(name)?.size === 0) names.delete(name);
    const left = senders.get(entry.sender)! - 1;
    if (left === 0) senders.delete(entry.sender);
    else senders.set(entry.sender, left);
  };
  const put = (key: string, entry: Entry) => {
    entries.set(key, entry);
    const name = nameKey(entry.record.name);
    names.set(name, (names.get(name) ?? new Set()).add(key));
    senders.set(entry.sender, (senders.get(entry.sender) ?? 0) + 1);
  };
  const makeRoom = () => {
    const [heaviest] = [...senders].reduce((a, b) => b[1] > a[1] ? b : a);
    for (const [key, { sender }] of entries) if (sender === heaviest) return remove(key);
  };
  return {
    hear(record, sender, now) {
      const key = recordKey(record);
      if (entries.has(key)) remove(key);
      // RFC 6762 10.2: the others of its name and type have one second left.
      if (record.flush) {
        for (const old of all(record.name, record.type)) {
          if (now - old.heardAt > 1000) old.expiresAt = Math.min(old.expiresAt, now + 1000);
        }
      }
      // RFC 6762 10.1 gives one second more to others of the same data; we look again when asked.
      if (record.ttl === 0) return true;
      if ((senders.get(sender) ?? 0) >= mdnsLimits.cacheRecordsPerSender) return false;
      if (entries.size >= mdnsLimits.cacheRecords) makeRoom();
      const life = Math.min(record.ttl, mdnsLimits.ttlSeconds) * 1000;
      put(key, { record, sender, heardAt: now, expiresAt: now + life, asked: 0 });
      return true;
    },
    get: (name, type) => all(name, type).map(({ record }) => record),
    pointingTo: (host) =>
      [...entries.values()].flatMap(({ record }) =>
        record.type === "SRV" && nameKey(record.data.target) === nameKey(host) ? [record.name] : []
      ),
    known: (name, type, now) =>
      all(name, type).flatMap(({ record, expiresAt }) => {
        const ttl = Math.floor((expiresAt - now) / 1000);
        // RFC 6762 7.1: what has less than half its life left is to be renewed.
        return ttl * 2 > record.ttl ? [{ ...record, ttl, flush: false }] : [];
      }),
    expire(now) {
      const ended = [...entries].filter(([, { expiresAt }]) => expiresAt <= now);
      for (const [key] of ended) remove(key);
      return [...new Set(ended.map(([, { record }]) => record.name))];
    },
    refresh(now) {
      const soon = [...entries.values()].filter((entry) => refreshAt(entry) <= now);
      for (const entry of soon) entry.asked++;
      return soon.map(({ record: { name, type } }) => ({ name, type, unicast: false }));
    },
    due: () =>
      [...entries.values()].reduce(
        (least, entry) => Math.min(least, entry.expiresAt, refreshAt(entry)),
        Infinity,
      ),
    get size() {
      return entries.size;
    },
  };
}

/** RFC 6762 5.2: at 80, 85, 90 and 95 % of its life. */
function refreshAt({ heardAt, expiresAt, asked }: Entry): number {
  return asked > 3 ? Infinity : heardAt + (expiresAt - heardAt) * (0.8 + 0.05 * asked);
}
