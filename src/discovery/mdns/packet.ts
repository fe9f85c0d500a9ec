/**
 * Datagrams of multicast DNS: bytes to a message that holds nothing but what we know, and back.
 *
 * @module
 */

import * as dns from "dns-packet";
import { Buffer } from "node:buffer";
import { isIPv4, isIPv6 } from "node:net";
import { PlasmdError } from "../../lib/errors.ts";
import { mdnsLimits } from "../../lib/limits.ts";

/** What every record has. */
interface Common {
  /** Without a final dot, spelled as it was sent. */
  readonly name: string;
  /** Seconds; 0 says goodbye. */
  readonly ttl: number;
  /** Takes the place of all other records of its name and type. RFC 6762 10.2 */
  readonly flush: boolean;
}

/** A record of a type that we know. */
export type DnsRecord =
  | Common & { readonly type: "A" | "AAAA" | "PTR"; readonly data: string }
  | Common & { readonly type: "SRV"; readonly data: { readonly port: number; target: string } }
  | Common & { readonly type: "TXT"; readonly data: readonly string[] }
  | Common & { readonly type: "NSEC"; readonly data: readonly string[] };

/** A question. Its type may be one that nobody has records of. */
export interface Question {
  readonly name: string;
  readonly type: string;
  /**
   * Asks for an answer to the asker alone. RFC 6762 5.4. We never do: programs share port 5353, and
   * a unicast answer reaches only one of them. RFC 6762 15.1
   */
  readonly unicast: boolean;
}

/** A datagram's content. */
export interface Message {
  readonly id: number;
  readonly response: boolean;
  /** More known answers follow in the next datagram. RFC 6762 7.2 */
  readonly truncated: boolean;
  readonly questions: readonly Question[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** What is not said is empty. */
export function makeMessage(parts: Partial<Message>): Message {
  return {
    id: 0,
    response: false,
    truncated: false,
    questions: [],
    answers: [],
    authorities: [],
    additionals: [],
    ...parts,
  };
}

/**
 * Reads a datagram. Records of types that we don't know and of other classes are left out.
 *
 * @throws {PlasmdError} `malformed` for what is no message of multicast DNS, or too large a one
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const packet = parsed(bytes);
  // RFC 6762 18.3 and 18.11: others are silently ignored.
  if (packet.opcode !== "QUERY" || packet.rcode !== "NOERROR") throw malformed("no plain message");
  const records = (list: readonly LibraryRecord[]) => list.flatMap((one) => readRecord(one) ?? []);
  return {
    id: packet.id,
    response: packet.type === "response",
    truncated: packet.flag_tc,
    questions: packet.questions.flatMap((one) => readQuestion(one) ?? []),
    answers: records(packet.answers),
    authorities: records(packet.authorities),
    additionals: records(packet.additionals),
  };
}

/** A message as the library takes it. */
export function libraryMessage(message: Message): Record<string, unknown> {
  const { id, response, truncated } = message;
  const records = (list: readonly DnsRecord[]) => list.map(libraryRecord);
  return {
    id,
    type: response ? "response" : "query",
    flags: (response ? dns.AUTHORITATIVE_ANSWER : 0) | (truncated ? dns.TRUNCATED_RESPONSE : 0),
    questions: message.questions.map(({ name, type }) => ({ name, type, class: "IN" })),
    answers: records(message.answers),
    authorities: records(message.authorities),
    additionals: records(message.additionals),
  };
}

/** The bytes of a message. */
export function encodeMessage(message: Message): Uint8Array {
  return dns.encode(libraryMessage(message));
}

/** Bytes that a record takes in a datagram. */
export function recordBytes(record: DnsRecord): number {
  return dns.answer.encodingLength(libraryRecord(record));
}

/** A record's data alone, as two that claim one name compare it. RFC 6762 8.2 */
export function dataBytes({ type, data }: DnsRecord): Uint8Array {
  return dns.record(type).encode(libraryData(type, data)).subarray(2);
}

/** How the library spells IN and ANY with the bit that asks for a unicast answer. */
const unicastClasses: readonly string[] = ["UNKNOWN_32769", "UNKNOWN_33023"];

/** What the library makes of a datagram. */
interface LibraryMessage {
  readonly id: number;
  readonly type: string;
  readonly opcode: string;
  readonly rcode: string;
  readonly flag_tc: boolean;
  readonly questions: readonly { name: string; type: string; class: string }[];
  readonly answers: readonly LibraryRecord[];
  readonly authorities: readonly LibraryRecord[];
  readonly additionals: readonly LibraryRecord[];
}

interface LibraryRecord {
  readonly name: string;
  readonly type: string;
  readonly class?: string;
  readonly ttl?: number;
  readonly flush?: boolean;
  readonly data?: unknown;
}

function parsed(bytes: Uint8Array): LibraryMessage {
  const { datagramBytes, datagramRecords } = mdnsLimits;
  if (bytes.length < 12) throw malformed("shorter than a header");
  if (bytes.length > datagramBytes) throw malformed(`larger than ${datagramBytes} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const counted = [4, 6, 8, 10].reduce((sum, at) => sum + view.getUint16(at), 0);
  // Before the library makes arrays of what a header promises.
  if (counted > datagramRecords) throw malformed(`more than ${datagramRecords} records`);
  checkFrames(view);
  try {
    // The library needs the methods of a Buffer.
    return dns.decode(Buffer.from(bytes)) as LibraryMessage;
  } catch (cause) {
    throw malformed("it can't be decoded", cause);
  }
}

/** Whether every question and record lies within the datagram: the library reads past ends. */
function checkFrames(view: DataView): void {
  const [questions, ...records] = [4, 6, 8, 10].map((at) => view.getUint16(at)) as [number];
  let at = 12;
  const skip = (bytes: number) => {
    at += bytes;
    if (at > view.byteLength) throw malformed("it is cut off");
  };
  const byte = () => {
    skip(1);
    return view.getUint8(at - 1);
  };
  const skipName = () => {
    for (let length = byte(); length !== 0; length = byte()) {
      if (length >= 0xc0) return skip(1);
      skip(length);
    }
  };
  for (let i = 0; i < questions; i++) {
    skipName();
    skip(4);
  }
  for (let i = records.reduce((sum, count) => sum + count, 0); i > 0; i--) {
    skipName();
    skip(10);
    skip(view.getUint16(at - 2));
  }
}

function malformed(what: string, cause?: unknown): PlasmdError {
  return new PlasmdError("malformed", `Not a datagram of multicast DNS: ${what}`, { cause });
}

function readQuestion(one: LibraryMessage["questions"][number]): Question | undefined {
  const unicast = unicastClasses.includes(one.class);
  if (!unicast && one.class !== "IN" && one.class !== "ANY") return undefined;
  return { name: one.name, type: one.type, unicast };
}

function readRecord(one: LibraryRecord): DnsRecord | undefined {
  const { name, type, ttl = 0, flush = false, data } = one;
  if (one.class !== "IN") return undefined;
  const common = { name, ttl, flush };
  if (type === "A") return isText(data, isIPv4) ? { ...common, type, data } : undefined;
  if (type === "AAAA") return isText(data, isIPv6) ? { ...common, type, data } : undefined;
  if (type === "PTR") return isText(data) ? { ...common, type, data } : undefined;
  if (type === "SRV") {
    const { port, target } = data as { port: number; target: string };
    return { ...common, type, data: { port, target } };
  }
  return type === "TXT" ? readTexts(common, data) : undefined;
}

function isText(data: unknown, test: (text: string) => boolean = () => true): data is string {
  return typeof data === "string" && test(data);
}

function readTexts(common: Common, data: unknown): DnsRecord | undefined {
  const entries = data as readonly Uint8Array[];
  const bytes = entries.reduce((sum, entry) => sum + entry.length + 1, 0);
  if (bytes > mdnsLimits.txtBytes || entries.length > mdnsLimits.txtEntries) return undefined;
  const decoder = new TextDecoder();
  return { ...common, type: "TXT", data: entries.map((entry) => decoder.decode(entry)) };
}

function libraryRecord({ name, type, ttl, flush, data }: DnsRecord): LibraryRecord {
  return { name, type, class: "IN", ttl, flush, data: libraryData(type, data, name) };
}

function libraryData(type: DnsRecord["type"], data: unknown, name = "."): unknown {
  if (type === "NSEC") return { nextDomain: name, rrtypes: data };
  // The library writes into the array that it is given.
  return type === "TXT" ? [...data as readonly string[]] : data;
}
