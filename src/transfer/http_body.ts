/**
 * The bytes of a response as they come from the wire, and the body in them.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import type { Framing } from "./http_head.ts";

/** Where bytes come from; null at the end. */
export interface ByteSource {
  read(into: Uint8Array): Promise<number | null>;
}

/** A source of bytes from which lines can be taken, too. */
export interface Wire extends ByteSource {
  /** The bytes up to and with the marker. Throws `bad_source` where it isn't found in `max`. */
  until(marker: string, max: number): Promise<Uint8Array>;
}

/** Puts a buffer in front of a connection: lines come from it, bodies pass it by. */
export function makeWire(source: ByteSource, bufferBytes: number): Wire {
  const buffer = new Uint8Array(bufferBytes);
  let [start, end] = [0, 0];
  const take = (length: number) => buffer.subarray(start, start += length);

  async function fill(): Promise<void> {
    buffer.copyWithin(0, start, end);
    [start, end] = [0, end - start];
    const read = await source.read(buffer.subarray(end));
    if (read === null) throw closedEarly(end === 0 ? "before it answered" : "in the middle");
    end += read;
  }

  return {
    read(into) {
      if (start === end) return source.read(into);
      const bytes = take(Math.min(into.length, end - start));
      into.set(bytes);
      return Promise.resolve(bytes.length);
    },
    async until(marker, max) {
      const limit = Math.min(max, buffer.length);
      for (let from = start;;) {
        const found = indexOf(buffer.subarray(0, end), marker, from);
        if (found >= 0 && found + marker.length - start <= limit) {
          return take(found + marker.length - start).slice();
        }
        if (found >= 0 || end - start >= limit) {
          throw new PlasmdError("bad_source", `sent a line or headers of more than ${limit} bytes`);
        }
        const seen = Math.max(0, end - start - marker.length + 1);
        await fill();
        from = start + seen;
      }
    },
  };
}

function indexOf(bytes: Uint8Array, marker: string, from: number): number {
  const last = bytes.length - marker.length;
  for (let at = bytes.indexOf(13, from); at >= 0 && at <= last; at = bytes.indexOf(13, at + 1)) {
    let same = 1;
    while (same < marker.length && bytes[at + same] === marker.charCodeAt(same)) same++;
    if (same === marker.length) return at;
  }
  return -1;
}

function closedEarly(when: string): PlasmdError {
  return new PlasmdError("unreachable", `closed the connection ${when}`);
}

/** The body of a response: what `read` gives until null is exactly the body, or it throws. */
export function openBody(wire: Wire, framing: Framing): ByteSource {
  if (framing.kind === "chunked") return chunkedBody(wire);
  if (framing.kind === "length") return sizedBody(wire, framing.length);
  return wire;
}

function sizedBody(wire: ByteSource, length: number): ByteSource {
  let left = length;
  return {
    async read(into) {
      if (left === 0) return null;
      const read = await wire.read(into.length > left ? into.subarray(0, left) : into);
      if (read === null) throw closedEarly(`after ${length - left} of ${length} bytes`);
      left -= read;
      return read;
    },
  };
}

/** Longest chunk header and trailer line that is read; both say nothing that we need. */
const lineBytes = 4096;

function chunkedBody(wire: Wire): ByteSource {
  const text = new TextDecoder("latin1");
  let left = 0;
  let first = true;
  let over = false;

  /** RFC 9112 7.1: size in hex, extensions ignored, CRLF. */
  async function nextSize(): Promise<number> {
    if (!first && (await wire.until("\r\n", lineBytes)).length !== 2) throw badChunk();
    first = false;
    const line = text.decode(await wire.until("\r\n", lineBytes));
    const size = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n]*)?\r\n$/.exec(line)?.[1];
    if (size === undefined) throw badChunk();
    return Number.parseInt(size, 16);
  }

  return {
    async read(into) {
      if (over) return null;
      if (left === 0) left = await nextSize();
      if (left === 0) {
        over = true; // Trailers would follow; the connection is closed with them unread.
        return null;
      }
      const read = await wire.read(into.length > left ? into.subarray(0, left) : into);
      if (read === null) throw closedEarly("in the middle of a chunk");
      left -= read;
      return read;
    },
  };
}

function badChunk(): PlasmdError {
  return new PlasmdError("bad_source", "sent a body whose chunked encoding is broken");
}
