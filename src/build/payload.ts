/**
 * The executable as the launcher reads it: the launcher's own code, packed frames, an index of parts
 * and frames, and a trailer with the index's digest. launcher/launcher.h has the same records.
 *
 * @module
 */

import { sha256 } from "../lib/bytes.ts";
import type { PackedFrame } from "./compress.ts";

/** What a part is for. */
export const roles = { loader: 1, library: 2, runtime: 3, program: 4 } as const;

/** A file that the executable carries. */
export interface Part {
  /** At most 31 ASCII characters, no slash. */
  readonly name: string;
  readonly role: keyof typeof roles;
  readonly size: number;
  readonly frames: readonly PackedFrame[];
}

/** What an executable is made of. */
export interface PayloadOptions {
  readonly launcher: Uint8Array;
  readonly parts: readonly Part[];
  /** The runtime's arguments before the user's; `@` stands for the program's path. */
  readonly args: readonly string[];
}

const headBytes = 16;
const partBytes = 56;
const frameBytes = 64;
const trailerBytes = 64;
const alignment = 64;

/** The executable's bytes. */
export function assemble({ launcher, parts, args }: PayloadOptions): Uint8Array<ArrayBuffer> {
  const frames = parts.flatMap((part) => part.frames);
  let end = align(launcher.length);
  const offsets = frames.map(({ packed }) => {
    const offset = end;
    end += packed.length;
    return offset;
  });
  // No padding from here on: every byte is covered by a digest.
  const indexOffset = end;
  const index = indexBytes(parts, frames, offsets, args);
  const executable = new Uint8Array(indexOffset + index.length + trailerBytes);
  executable.set(launcher);
  frames.forEach(({ packed }, i) => executable.set(packed, offsets[i]!));
  executable.set(index, indexOffset);
  executable.set(
    trailer(index, indexOffset, executable.length),
    executable.length - trailerBytes,
  );
  return executable;
}

function align(offset: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

function indexBytes(
  parts: readonly Part[],
  frames: readonly PackedFrame[],
  offsets: readonly number[],
  args: readonly string[],
): Uint8Array {
  const argBytes = new TextEncoder().encode(args.map((arg) => `${arg}\0`).join(""));
  const size = headBytes + parts.length * partBytes + frames.length * frameBytes + argBytes.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  [1, parts.length, frames.length, argBytes.length].forEach((value, i) =>
    view.setUint32(4 * i, value, true)
  );
  let at = headBytes;
  let firstFrame = 0;
  for (const part of parts) {
    writePart(view, bytes, at, part, firstFrame);
    firstFrame += part.frames.length;
    at += partBytes;
  }
  frames.forEach((frame, i) => writeFrame(view, bytes, at + i * frameBytes, frame, offsets[i]!));
  bytes.set(argBytes, size - argBytes.length);
  return bytes;
}

function writePart(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  { name, role, size, frames }: Part,
  firstFrame: number,
): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/.test(name)) throw new RangeError(`part name ${name}`);
  bytes.set(new TextEncoder().encode(name), at);
  view.setUint32(at + 32, roles[role], true);
  view.setUint32(at + 36, firstFrame, true);
  view.setUint32(at + 40, frames.length, true);
  view.setBigUint64(at + 48, BigInt(size), true);
}

function writeFrame(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  frame: PackedFrame,
  offset: number,
): void {
  [offset, frame.packed.length, frame.at, frame.size].forEach((value, i) =>
    view.setBigUint64(at + 8 * i, BigInt(value), true)
  );
  bytes.set(sha256(frame.packed), at + 32);
}

function trailer(index: Uint8Array, offset: number, fileSize: number): Uint8Array {
  const bytes = new Uint8Array(trailerBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("PLASMDX1"));
  [offset, index.length, fileSize].forEach((value, i) =>
    view.setBigUint64(8 + 8 * i, BigInt(value), true)
  );
  bytes.set(sha256(index), 32);
  return bytes;
}
