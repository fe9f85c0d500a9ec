/**
 * Records into as few datagrams as hold them. RFC 6762 17
 *
 * @module
 */

import { mdnsLimits } from "../../lib/limits.ts";
import { type DnsRecord, makeMessage, type Message, recordBytes } from "./packet.ts";
import { recordKey } from "./records.ts";

/** Records that belong together: what was asked for, and what would be asked for next. */
export interface Group {
  readonly answers: readonly DnsRecord[];
  readonly additionals?: readonly DnsRecord[];
}

/** Responses that hold the groups, each record once in a datagram. */
export function packResponses(groups: readonly Group[]): Message[] {
  const packed: Box[] = [];
  for (const group of groups) {
    const last = packed.at(-1);
    if (last === undefined || !last.add(group)) packed.push(newBox(group));
  }
  return packed.map(({ message }) => message());
}

/** Lists of records, none of which is larger than a datagram may be. */
export function packRecords(records: readonly DnsRecord[], room: number): DnsRecord[][] {
  const lists: DnsRecord[][] = [];
  let left = 0;
  for (const record of records) {
    const bytes = recordBytes(record);
    if (lists.length === 0 || bytes > left) {
      lists.push([]);
      left = room;
    }
    lists.at(-1)!.push(record);
    left -= bytes;
  }
  return lists;
}

interface Box {
  /** False where it is full. */
  add(group: Group): boolean;
  message(): Message;
}

function newBox(first: Group): Box {
  const answers = new Map<string, DnsRecord>();
  const additionals = new Map<string, DnsRecord>();
  let bytes = 12;
  const put = (group: Group) => {
    for (const record of group.answers) answers.set(recordKey(record), record);
    for (const record of group.additionals ?? []) additionals.set(recordKey(record), record);
  };
  const sizeOf = (group: Group) =>
    [...group.answers, ...group.additionals ?? []]
      .filter((record) => !answers.has(recordKey(record)) && !additionals.has(recordKey(record)))
      .reduce((sum, record) => sum + recordBytes(record), 0);
  bytes += sizeOf(first);
  put(first);
  return {
    add(group) {
      const more = sizeOf(group);
      if (bytes + more > mdnsLimits.sentBytes) return false;
      bytes += more;
      put(group);
      return true;
    },
    message: () =>
      makeMessage({
        response: true,
        answers: [...answers.values()],
        additionals: [...additionals].flatMap(([key, one]) => answers.has(key) ? [] : [one]),
      }),
  };
}
