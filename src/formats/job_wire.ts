/**
 * Messages of `/phase/job/1.0.0`: a header in canonical JSON, and bytes behind it. DESIGN 11.
 *
 * A message is four bytes with the header's length, big-endian, the header, and the rest.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { jobWireLimits as limits } from "../lib/limits.ts";
import { canonicalBytes, type JsonObject, parseCanonical } from "./json.ts";
import { type Arch, arches, runtimes } from "./names.ts";

/** The protocol. */
export const jobProtocol = "/phase/job/1.0.0";

/** A question or an answer. */
export interface JobMessage {
  readonly header: JsonObject;
  readonly body: Uint8Array;
}

/** What a worker says of itself; its key is the connection's. */
export interface WorkerInfo {
  readonly arch: Arch;
  /** Those that we know, of those that it named. */
  readonly runtimes: readonly string[];
  /** Where its HTTP interface listens, at the address at which it was reached. */
  readonly httpPort: number;
  /** 0 idle to 100 full. */
  readonly load: number;
}

/** Bytes of a message at most. */
export const jobMessageBytes: number = 4 + limits.headerBytes + limits.bodyBytes;

/** The bytes of a message. */
export function encodeJobMessage(
  header: Readonly<Record<string, unknown>>,
  body: Uint8Array = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const head = canonicalBytes(header);
  const bytes = new Uint8Array(4 + head.length + body.length);
  new DataView(bytes.buffer).setUint32(0, head.length);
  bytes.set(head, 4);
  bytes.set(body, 4 + head.length);
  return bytes;
}

/**
 * Takes a message apart.
 *
 * @throws {PlasmdError} `malformed`
 */
export function decodeJobMessage(bytes: Uint8Array): JobMessage {
  const length = bytes.length < 4
    ? 0
    : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  const end = 4 + length;
  if (length === 0 || length > limits.headerBytes || end > bytes.length) {
    throw new PlasmdError("malformed", "Message has no whole header");
  }
  if (bytes.length - end > limits.bodyBytes) {
    throw new PlasmdError("malformed", "Message carries too many bytes");
  }
  const what = "message header";
  const header = parseCanonical(bytes.subarray(4, end), { what, max: limits.headerBytes });
  return { header, body: bytes.subarray(end) };
}

/**
 * Reads what a worker says of itself.
 *
 * @throws {PlasmdError} `malformed`
 */
export function readWorkerInfo(
  { arch, runtimes: named, http_port: port, load }: JsonObject,
): WorkerInfo {
  const known = arches.find((one) => one === arch);
  const isPort = Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535;
  const isLoad = Number.isInteger(load) && Number(load) >= 0 && Number(load) <= 100;
  if (known === undefined || !isPort || !isLoad || !Array.isArray(named)) {
    throw new PlasmdError("malformed", "A worker says what no worker is");
  }
  return {
    arch: known,
    runtimes: runtimes.filter((one) => named.includes(one)),
    httpPort: Number(port),
    load: Number(load),
  };
}
