/**
 * libp2p's signed envelope (RFC 0002 of its specifications): bytes, what they are, and who signed.
 * Written by hand, as the library's reader checks neither the kind nor the signer, and takes every
 * spelling of the same message.
 *
 * @module
 */

import { publicKeyFromSeed, signEd25519 } from "../identity/ed25519.ts";
import { peerIdOf } from "../identity/keyid.ts";
import { verifyEd25519 } from "../identity/verify_ed25519.ts";
import { equalBytes } from "../lib/bytes.ts";
import { PlasmdError } from "../lib/errors.ts";

/** What an envelope holds: the domain keeps signatures of one use out of all others. */
export interface EnvelopeKind {
  readonly domain: string;
  readonly payloadType: string;
}

/** An envelope whose signature is valid. */
export interface OpenedEnvelope {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** The peer id of the key that signed. */
  readonly peer: string;
}

// Protobuf: {1: Ed25519 = 1, 2: 32 bytes}.
const keyHead = Uint8Array.of(0x08, 0x01, 0x12, 0x20);
const utf8 = new TextEncoder();

/** Signs the payload with the key of the seed. */
export function sealEnvelope(
  payload: Uint8Array,
  { domain, payloadType }: EnvelopeKind,
  seed: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const type = utf8.encode(payloadType);
  const signature = signEd25519(seed, signedPart(domain, type, payload));
  return write(publicKeyFromSeed(seed), type, payload, signature);
}

/**
 * Opens an envelope of the given kind.
 *
 * @throws {PlasmdError} `malformed` for bytes that no signer writes, `untrusted` for a signature that
 * isn't valid
 */
export function openEnvelope(
  bytes: Uint8Array,
  { domain, payloadType }: EnvelopeKind,
): OpenedEnvelope {
  const fields = readFields(bytes);
  const [key, type, payload, signature] = [1, 2, 3, 5].map((number) => fields.get(number));
  if (!key || !type || !payload || !signature) refuse("a field is missing");
  if (key.length !== 36 || !equalBytes(key.subarray(0, 4), keyHead)) refuse("no Ed25519 key");
  if (!equalBytes(type, utf8.encode(payloadType))) refuse("it holds something else");
  const publicKey = key.slice(4);
  // One value, one spelling: order, lengths and nothing beside.
  if (!equalBytes(bytes, write(publicKey, type, payload, signature))) refuse("it is not canonical");
  if (signature.length !== 64) refuse("no Ed25519 signature");
  if (!verifyEd25519(publicKey, signature, signedPart(domain, type, payload))) {
    throw new PlasmdError("untrusted", "The envelope's signature is not valid");
  }
  return { payload: Uint8Array.from(payload), peer: peerIdOf(publicKey) };
}

/** What is signed: domain, type and payload, each after its length. */
function signedPart(
  domain: string,
  type: Uint8Array,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return concat([utf8.encode(domain), type, payload].flatMap((part) => [
    varint(part.length),
    part,
  ]));
}

function write(
  publicKey: Uint8Array,
  type: Uint8Array,
  payload: Uint8Array,
  signature: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const fields: [number, Uint8Array][] = [
    [1, concat([keyHead, publicKey])],
    [2, type],
    [3, payload],
    [5, signature],
  ];
  return concat(fields.flatMap(([number, value]) => [
    Uint8Array.of(number << 3 | 2),
    varint(value.length),
    value,
  ]));
}

/** The length-delimited fields of a message, each at most once. */
function readFields(bytes: Uint8Array): Map<number, Uint8Array> {
  const fields = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!;
    const [length, start] = readVarint(bytes, at + 1);
    if ((tag & 0x87) !== 2 || start + length > bytes.length) refuse("it is no envelope");
    if (fields.has(tag >> 3)) refuse("a field is there twice");
    fields.set(tag >> 3, bytes.subarray(start, start + length));
    at = start + length;
  }
  return fields;
}

/** A number of at most three bytes, and where it ends. */
function readVarint(bytes: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  for (let shift = 0; shift < 21; shift += 7, at++) {
    const byte = bytes[at];
    if (byte === undefined) refuse("it ends too early");
    value += (byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at + 1];
  }
  return refuse("a length is too large");
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 0x80; value >>= 7) bytes.push(value & 0x7f | 0x80);
  return Uint8Array.from([...bytes, value]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function refuse(why: string): never {
  throw new PlasmdError("malformed", `Cannot read the envelope: ${why}`);
}
