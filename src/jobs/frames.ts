/**
 * What a job process and its broker say to each other: frames of a type, a length and bytes.
 * Whatever comes from the process is taken as hostile.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { jobLimits } from "../lib/limits.ts";

/** The kinds of frames. */
export const frameTypes = {
  start: 1,
  blob: 2,
  stdout: 3,
  stderr: 4,
  outcome: 5,
  ready: 6,
  compiled: 7,
} as const;

/** One frame. */
export interface Frame {
  readonly type: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const headBytes = 5;

/** A frame as bytes. */
export function encodeFrame(type: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(headBytes + bytes.length);
  frame.set(frameHead(type, bytes.length));
  frame.set(bytes, headBytes);
  return frame;
}

/** What comes before a frame's bytes. */
export function frameHead(type: number, length: number): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(headBytes);
  head[0] = type;
  new DataView(head.buffer).setUint32(1, length, true);
  return head;
}

/**
 * The frames of a stream. A large one is put together where it is handed out: it is there once.
 *
 * @throws {PlasmdError} `malformed` for an unknown type, a frame above `most` bytes, or a stream
 * that ends inside a frame
 */
export async function* readFrames(
  stream: AsyncIterable<Uint8Array>,
  most: number = jobLimits.frameBytes,
): AsyncGenerator<Frame> {
  const head = new Uint8Array(headBytes);
  let body: Uint8Array<ArrayBuffer> | undefined;
  let filled = 0;
  for await (const part of stream) {
    for (let at = 0; at < part.length;) {
      const into = body ?? head;
      const piece = part.subarray(at, at + into.length - filled);
      into.set(piece, filled);
      filled += piece.length;
      at += piece.length;
      if (filled < into.length) break;
      filled = 0;
      const whole = body ?? bodyOf(head, most);
      body = body === undefined && whole.length > 0 ? whole : undefined;
      if (body === undefined) yield { type: head[0]!, bytes: whole };
    }
  }
  if (filled > 0 || body !== undefined) {
    throw new PlasmdError("malformed", "A job process ended inside a message");
  }
}

/** Room for the bytes that a head announces. */
function bodyOf(head: Uint8Array<ArrayBuffer>, most: number): Uint8Array<ArrayBuffer> {
  const type = head[0]!;
  const length = new DataView(head.buffer).getUint32(1, true);
  if (type < frameTypes.start || type > frameTypes.compiled || length > most) {
    throw new PlasmdError("malformed", "A job process said something that is no message");
  }
  return new Uint8Array(length);
}
