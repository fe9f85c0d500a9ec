/**
 * The executable as an image holds it: its parts unpacked, and a launcher that finds them. The image
 * is compressed as a whole, so nothing is gained by packed parts in it; a machine would hash and
 * unpack them at its first start, and hold them twice.
 *
 * The records are those of the launcher: packed frames behind its code, an index of parts and
 * frames, and a trailer with the index's digest.
 *
 * @module
 */

import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import { equalBytes, sha256, toHex } from "../../lib/bytes.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { mediaLimits } from "../../lib/limits.ts";

/** An executable in two: a launcher without packed parts, and the parts. */
export interface UnpackedExecutable {
  readonly launcher: Uint8Array;
  /** The directory of the parts in the launcher's cache. */
  readonly key: string;
  readonly parts: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

const headBytes = 16;
const partBytes = 56;
const frameBytes = 64;
const trailerBytes = 64;
const magic = "PLASMDX1";

/** A frame of the index: packed bytes in the file, and where the unpacked ones go in the part. */
interface Frame {
  readonly offset: number;
  readonly packed: number;
  readonly at: number;
  readonly size: number;
  readonly digest: Uint8Array;
}

interface PartRecord {
  readonly name: string;
  readonly size: number;
  readonly frames: readonly Frame[];
}

/**
 * Unpacks an executable; undefined where it is none with a launcher.
 *
 * @throws {PlasmdError} `config` where it was cut or altered, or its parts were taken out before
 */
export async function unpackExecutable(
  bytes: Uint8Array,
  what: string,
): Promise<UnpackedExecutable | undefined> {
  if (textAt(bytes, bytes.length - trailerBytes, 8) !== magic) return undefined;
  const index = readIndex(bytes) ?? refuse(what, "it was cut or altered");
  const records = readParts(index) ?? refuse(what, "its index makes no sense");
  const frames = records.flatMap((part) => part.frames);
  if (frames.length === 0) {
    refuse(what, "it is that of a boot image", "give a whole one with --exe");
  }
  const parts = [];
  for (const { name, size, frames } of records) {
    const unpacked = await unpackPart(bytes, size, frames).catch(() => undefined);
    parts.push({ name, bytes: unpacked ?? refuse(what, `its part ${name} was altered`) });
  }
  const code = bytes.subarray(0, Math.min(...frames.map(({ offset }) => offset)));
  return { ...withoutFrames(code, index, records.length), parts };
}

function refuse(what: string, why: string, hint = "copy it again"): never {
  throw new PlasmdError("config", `Cannot use plasmd executable "${what}": ${why}`, { hint });
}

/** The index that the trailer names, where its digest is right. */
function readIndex(bytes: Uint8Array): Uint8Array | undefined {
  const trailer = bytes.subarray(bytes.length - trailerBytes);
  const [offset, size, fileSize] = [8, 16, 24].map((at) => number64(trailer, at));
  if (fileSize !== bytes.length || offset! + size! > bytes.length) return undefined;
  const index = bytes.subarray(offset, offset! + size!);
  return equalBytes(sha256(index), trailer.subarray(32)) ? index : undefined;
}

function readParts(index: Uint8Array): PartRecord[] | undefined {
  if (index.length < headBytes) return undefined;
  const [version, partCount, frameCount, argsSize] = [0, 4, 8, 12].map((at) => number32(index, at));
  const framesAt = headBytes + partCount! * partBytes;
  const size = framesAt + frameCount! * frameBytes + argsSize!;
  if (version !== 1 || size !== index.length) return undefined;
  const frames = Array.from({ length: frameCount! }, (_, i) => readFrame(index, framesAt, i));
  const parts = Array.from({ length: partCount! }, (_, i) => readPart(index, i, frames));
  const total = parts.reduce((sum, part) => sum + part.size, 0);
  const good = total <= mediaLimits.programBytes &&
    parts.every(({ name }) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/.test(name));
  return good ? parts : undefined;
}

function readFrame(index: Uint8Array, framesAt: number, i: number): Frame {
  const start = framesAt + i * frameBytes;
  const [offset, packed, at, size] = [0, 8, 16, 24].map((field) => number64(index, start + field));
  const digest = index.subarray(start + 32, start + 64);
  return { offset: offset!, packed: packed!, at: at!, size: size!, digest };
}

function readPart(index: Uint8Array, i: number, all: readonly Frame[]): PartRecord {
  const start = headBytes + i * partBytes;
  const first = number32(index, start + 36);
  return {
    name: textAt(index, start, 32).replace(/\0+$/, ""),
    size: number64(index, start + 48),
    frames: all.slice(first, first + number32(index, start + 40)),
  };
}

/** Every packed byte is hashed before it is unpacked, as the launcher does. */
async function unpackPart(
  bytes: Uint8Array,
  size: number,
  frames: readonly Frame[],
): Promise<Uint8Array | undefined> {
  const part = new Uint8Array(size);
  let done = 0;
  for (const frame of [...frames].sort((a, b) => a.at - b.at)) {
    const packed = bytes.subarray(frame.offset, frame.offset + frame.packed);
    if (frame.at !== done || !equalBytes(sha256(packed), frame.digest)) return undefined;
    const plain = await promisify(zstdDecompress)(packed, { maxOutputLength: size - done });
    if (plain.length !== frame.size) return undefined;
    part.set(plain, done);
    done += plain.length;
  }
  return done === size ? part : undefined;
}

/** A launcher with the same parts and no frames: it runs where its cache is filled. */
function withoutFrames(
  code: Uint8Array,
  index: Uint8Array,
  partCount: number,
): { launcher: Uint8Array; key: string } {
  const argsSize = number32(index, 12);
  const partsEnd = headBytes + partCount * partBytes;
  const short = new Uint8Array(partsEnd + argsSize);
  short.set(index.subarray(0, partsEnd));
  short.set(index.subarray(index.length - argsSize), partsEnd);
  const view = new DataView(short.buffer);
  view.setUint32(8, 0, true);
  for (let i = 0; i < partCount; i++) {
    view.setBigUint64(headBytes + i * partBytes + 36, 0n, true); // its first frame and their number
  }
  const digest = sha256(short);
  const launcher = new Uint8Array(code.length + short.length + trailerBytes);
  launcher.set(code);
  launcher.set(short, code.length);
  const trailer = new DataView(launcher.buffer, code.length + short.length);
  launcher.set(new TextEncoder().encode(magic), trailer.byteOffset);
  [code.length, short.length, launcher.length].forEach((value, i) =>
    trailer.setBigUint64(8 + 8 * i, BigInt(value), true)
  );
  launcher.set(digest, trailer.byteOffset + 32);
  return { launcher, key: toHex(digest.subarray(0, 16)) };
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return new TextDecoder("latin1").decode(bytes.subarray(Math.max(0, at), at + length));
}

function number32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

function number64(bytes: Uint8Array, at: number): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true));
}
