/**
 * What a provider says of itself to whoever asks: that it serves a channel and arch, and at which
 * port. Signed by the key of the peer that is connected, so that it can't be passed on. DESIGN 8.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { discoveryLimits } from "../lib/limits.ts";
import { type EnvelopeKind, openEnvelope, sealEnvelope } from "./envelope.ts";
import { canonicalBytes, type JsonObject, parseCanonical } from "./json.ts";
import { type Arch, archOf, isChannel } from "./names.ts";
import { formatTime, parseTime } from "./time.ts";

/** The protocol over which records are asked for, and what an envelope with one says it holds. */
export const providerProtocol = "/phase/provider/1.0.0";

/** The kind of the envelope around a record. */
export const providerEnvelope: EnvelopeKind = {
  domain: "phase-provider",
  payloadType: providerProtocol,
};

/** What a provider serves. It names a port and no address: that is where the peer was reached. */
export interface ProviderRecord {
  readonly channel: string;
  readonly arch: Arch;
  /** `sha256:` of the signed bytes of the manifest. */
  readonly manifestId: string;
  readonly sequence: number;
  readonly httpPort: number;
  /** How busy it is: 0 idle to 100 full. */
  readonly load: number;
  /** Milliseconds since 1970, in whole seconds. */
  readonly expiresAt: number;
}

/** What a record must fit. */
export interface RecordExpectation {
  /** The peer id at the other end of the connection. */
  readonly peer: string;
  readonly channel: string;
  readonly arch: Arch;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Our clock may be far behind: a record's end is then not held against it. */
  readonly clockUnsure?: boolean;
}

/** The signed bytes of a record. */
export function sealProviderRecord(
  record: ProviderRecord,
  seed: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const payload = canonicalBytes({
    channel: record.channel,
    arch: record.arch,
    manifest_id: record.manifestId,
    sequence: record.sequence,
    http_port: record.httpPort,
    load: record.load,
    expires_at: formatTime(record.expiresAt),
  });
  readRecord(payload); // what we would refuse ourselves is never sent
  return sealEnvelope(payload, providerEnvelope, seed);
}

/**
 * The record that the bytes hold, if it is what was asked for.
 *
 * @throws {PlasmdError} `malformed`, `untrusted` where another peer than the connected one has signed,
 * `wrong_target`, `expired`, `not_yet_valid` where it ends too far in the future
 */
export function openProviderRecord(
  bytes: Uint8Array,
  { peer, channel, arch, now, clockUnsure = false }: RecordExpectation,
): ProviderRecord {
  // DESIGN 8: a record has at most 4 KiB.
  if (bytes.length > discoveryLimits.recordBytes) refuse("it is too large");
  const opened = openEnvelope(bytes, providerEnvelope);
  // DESIGN 8: signed by the key of the peer that is connected.
  if (opened.peer !== peer) {
    throw new PlasmdError("untrusted", "The provider record is that of another peer");
  }
  const record = readRecord(opened.payload);
  if (record.channel !== channel || record.arch !== arch) {
    const target = `${record.channel}/${record.arch}`;
    throw new PlasmdError("wrong_target", `The provider record is for ${target}`);
  }
  if (record.expiresAt <= now) throw new PlasmdError("expired", "The provider record has expired");
  // DESIGN 8: valid for an hour at most; the rest is for clocks that differ.
  const latest = now + discoveryLimits.recordLifetimeMs + discoveryLimits.recordAheadMs;
  if (!clockUnsure && record.expiresAt > latest) {
    throw new PlasmdError("not_yet_valid", "The provider record ends too far in the future");
  }
  return record;
}

function readRecord(payload: Uint8Array): ProviderRecord {
  const max = discoveryLimits.recordBytes;
  const record = parseCanonical(payload, { what: "provider record", max });
  const { channel, manifest_id: manifestId } = record;
  const arch = typeof record.arch === "string" ? archOf(record.arch) : undefined;
  if (typeof channel !== "string" || !isChannel(channel)) refuse('"channel" is no channel');
  if (arch === undefined || arch !== record.arch) refuse('"arch" is no arch');
  if (typeof manifestId !== "string" || !/^sha256:[0-9a-f]{64}$/.test(manifestId)) {
    refuse('"manifest_id" is no SHA-256');
  }
  const ends = record.expires_at;
  const expiresAt = typeof ends === "string" ? parseTime(ends) : undefined;
  if (expiresAt === undefined) refuse('"expires_at" is no time');
  return {
    channel,
    arch,
    manifestId,
    expiresAt,
    sequence: whole(record, "sequence", 0, 2 ** 53),
    httpPort: whole(record, "http_port", 1, 65_535),
    load: whole(record, "load", 0, 100),
  };
}

function whole(record: JsonObject, member: string, min: number, max: number): number {
  const value = record[member];
  if (typeof value === "number" && value >= min && value <= max) return value;
  return refuse(`"${member}" is not within ${min} and ${max}`);
}

function refuse(why: string): never {
  throw new PlasmdError("malformed", `Cannot read the provider record: ${why}`);
}
