/**
 * Reads a WebAssembly binary, strictly and within its bounds.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";

/** A position in a part of a binary. */
export interface Reader {
  /** Bytes from the start of the whole binary, for messages. */
  readonly offset: () => number;
  readonly left: () => number;
  byte(): number;
  /** An unsigned LEB128 number of at most 32 bits. */
  u32(): number;
  /** Skips a signed or unsigned LEB128 number of at most `bits` bits. */
  skipLeb(bits: 32 | 33 | 64): void;
  /** A name: its length, then UTF-8. */
  name(): string;
  skip(count: number): void;
  /** A reader for the next `count` bytes, which are skipped here. */
  part(count: number): Reader;
  /** Throws where anything is left. */
  end(what: string): void;
}

/** The error of a module that is malformed or not allowed, with its place. */
export function refuseModule(why: string, offset: number): never {
  throw new PlasmdError("module", `Cannot run the module: ${why} (at byte ${offset})`);
}

/** Makes a reader of bytes that stand at `base` in the whole binary. */
export function makeReader(bytes: Uint8Array, base = 0): Reader {
  let at = 0;
  const offset = () => base + at;
  const need = (count: number) => {
    if (count > bytes.length - at) refuseModule("it ends too early", base + bytes.length);
  };
  const reader: Reader = {
    offset,
    left: () => bytes.length - at,
    byte() {
      need(1);
      return bytes[at++]!;
    },
    u32() {
      let value = 0;
      for (let shift = 0; shift < 35; shift += 7) {
        const byte = reader.byte();
        // The fifth byte has room for four bits.
        if (shift === 28 && byte > 0x0f) break;
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) return value;
      }
      refuseModule("a number is too long", offset());
    },
    skipLeb(bits) {
      const most = Math.ceil(bits / 7);
      for (let i = 0; i < most; i++) if (reader.byte() < 0x80) return;
      refuseModule("a number is too long", offset());
    },
    name() {
      const length = reader.u32();
      need(length);
      const start = at;
      at += length;
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
          .decode(bytes.subarray(start, at));
      } catch {
        refuseModule("a name is not UTF-8", base + start);
      }
    },
    skip(count) {
      need(count);
      at += count;
    },
    part(count) {
      need(count);
      const inner = makeReader(bytes.subarray(at, at + count), offset());
      at += count;
      return inner;
    },
    end(what) {
      if (at < bytes.length) refuseModule(`${what} has more bytes than it needs`, offset());
    },
  };
  return reader;
}
