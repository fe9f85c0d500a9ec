/**
 * The job's memory as preview 1 calls see it: little-endian, checked at every access.
 *
 * @module
 */

import { errno, fail } from "./abi.ts";

/** Access to a job's memory. The buffer can be replaced by memory.grow at any time. */
export interface GuestMemory {
  bytes(at: number, length: number): Uint8Array;
  text(at: number, length: number): string;
  u8(at: number): number;
  u16(at: number): number;
  u32(at: number): number;
  u64(at: number): bigint;
  setU8(at: number, value: number): void;
  setU16(at: number, value: number): void;
  setU32(at: number, value: number): void;
  setU64(at: number, value: bigint): void;
  /** The buffers that a list of (address, length) pairs names. */
  vectors(at: number, count: number): Uint8Array[];
}

/** Vectors in one call, as in POSIX's IOV_MAX. */
const vectorsMost = 1024;

/** Reads and writes through the current buffer. Fails with EFAULT out of bounds. */
export function guestMemory(buffer: () => ArrayBuffer): GuestMemory {
  const view = (at: number, length: number): DataView => {
    const whole = buffer();
    const start = at >>> 0;
    if (start + length > whole.byteLength) fail(errno.fault);
    return new DataView(whole, start, length);
  };
  const bytes = (at: number, length: number): Uint8Array => {
    const { buffer, byteOffset, byteLength } = view(at, length >>> 0);
    return new Uint8Array(buffer, byteOffset, byteLength);
  };
  const u32 = (at: number) => view(at, 4).getUint32(0, true);
  return {
    bytes,
    text(at, length) {
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes(at, length));
      } catch {
        return fail(errno.ilseq);
      }
    },
    u8: (at) => view(at, 1).getUint8(0),
    u16: (at) => view(at, 2).getUint16(0, true),
    u32,
    u64: (at) => view(at, 8).getBigUint64(0, true),
    setU8: (at, value) => view(at, 1).setUint8(0, value),
    setU16: (at, value) => view(at, 2).setUint16(0, value, true),
    setU32: (at, value) => view(at, 4).setUint32(0, value, true),
    setU64: (at, value) => view(at, 8).setBigUint64(0, value, true),
    vectors(at, count) {
      if (count >>> 0 > vectorsMost) fail(errno.inval);
      return Array.from({ length: count >>> 0 }, (_, i) => {
        const pair = (at >>> 0) + 8 * i;
        return bytes(u32(pair), u32(pair + 4));
      });
    },
  };
}
