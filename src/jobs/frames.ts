/**
 * What a job process and its broker say to each other: frames of a type, a length and bytes.
 * Whatever comes from the process is taken as hostile.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { jobLimits } from "../lib/limits.ts";

/** The kinds of frames. */
export const frameTypes = { start: 1, blob: 2, stdout: 3, stderr: 4, outcome: 5 } as const;

/** One frame. */
export interface Frame {
  readonly type: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const headBytes = 5;

/** A frame as bytes. */
export function encodeFrame(type: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(headBytes + bytes.length);
  frame[0] = type;
  new DataView(frame.buffer).setUint32(1, bytes.length, true);
  frame.set(bytes, headBytes);
  return frame;
}

/**
 * The frames of a stream.
 *
 * @throws {PlasmdError} `malformed` for an unknown type, a frame above `most` bytes, or a stream
 * that ends inside a frame
 */
export async function* readFrames(
  stream: AsyncIterable<Uint8Array>,
  most: number = jobLimits.frameBytes,
): AsyncGenerator<Frame> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const part of stream) {
    parts.push(part);
    held += part.length;
    let length = wanted(parts, held, most);
    while (length !== undefined && held >= length) {
      const all = join(parts, held);
      yield { type: all[0]!, bytes: all.slice(headBytes, length) };
      parts = all.length === length ? [] : [all.subarray(length)];
      held = all.length - length;
      length = wanted(parts, held, most);
    }
  }
  if (held > 0) throw new PlasmdError("malformed", "A job process ended inside a message");
}

/** Bytes of the frame that the parts begin with, once its head is there. */
function wanted(parts: Uint8Array[], held: number, most: number): number | undefined {
  if (held < headBytes) return undefined;
  const head = parts[0]!.length >= headBytes ? parts[0]! : join(parts, held);
  const type = head[0]!;
  const length = new DataView(head.buffer, head.byteOffset).getUint32(1, true);
  if (type < frameTypes.start || type > frameTypes.outcome || length > most) {
    throw new PlasmdError("malformed", "A job process said something that is no message");
  }
  return headBytes + length;
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
