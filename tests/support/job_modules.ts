/**
 * Small modules that behave, and some that don't.
 *
 * @module
 */

import { name, section, u32, vec, wasm } from "./wasm.ts";

const i32 = 0x7f;
/** Types: () → (), (i32) → (), (i32, i32, i32, i32) → i32. */
const types = section(
  1,
  vec([0x60, 0, 0], [0x60, 1, i32, 0], [0x60, 4, i32, i32, i32, i32, 1, i32]),
);
const imports = section(
  2,
  vec(
    [...name("wasi_snapshot_preview1"), ...name("fd_write"), 0, 2],
    [...name("wasi_snapshot_preview1"), ...name("proc_exit"), 0, 1],
  ),
);

/** A module whose `_start` has this body; function 0 is fd_write, 1 proc_exit, 2 `_start`. */
export function command(
  body: readonly number[],
  { data = "", pages = 1 }: { data?: string; pages?: number } = {},
): Uint8Array<ArrayBuffer> {
  const code = [0, ...body, 0x0b];
  const text = [...new TextEncoder().encode(data)];
  // A vector at 0 that names the text at 16.
  const vector = [16, 0, 0, 0, text.length, 0, 0, 0];
  return wasm(
    types,
    imports,
    section(3, vec([0])),
    section(5, vec([0, ...u32(pages)])),
    section(7, vec([...name("_start"), 0, 2], [...name("memory"), 2, 0])),
    section(10, vec([...u32(code.length), ...code])),
    section(
      11,
      vec([0, 0x41, 0, 0x0b, ...u32(8), ...vector], [
        0,
        0x41,
        16,
        0x0b,
        ...u32(text.length),
        ...text,
      ]),
    ),
  );
}

const print = (stream: 1 | 2) => [0x41, stream, 0x41, 0, 0x41, 1, 0x41, 8, 0x10, 0, 0x1a];
const exit = (code: number) => [0x41, ...signed(code), 0x10, 1];

function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 0x7f) | 0x80, value >> 7];
}

/** Prints a text on stdout and exits with a code. */
export function hello(text: string, code: number): Uint8Array<ArrayBuffer> {
  return command([...print(1), ...exit(code)], { data: text });
}

/** Modules that misbehave. */
export const hostile = {
  /** Never ends. */
  loop: command([0x03, 0x40, 0x0c, 0, 0x0b]),
  /** Writes for ever. */
  flood: command([0x03, 0x40, ...print(1), 0x0c, 0, 0x0b], { data: "x".repeat(1000) }),
  /** Takes memory until it gets no more, and uses it: memory.grow, then a store that touches it. */
  bomb: command([
    ...[0x03, 0x40, 0x41, 0x80, 0x02, 0x40, 0], // grow by 256 pages
    ...[0x41, 0x7f, 0x46, 0x04, 0x40, 0x00, 0x0b], // a trap where that fails
    ...[0x3f, 0, 0x41, 0x10, 0x74, 0x41, 0x01, 0x6b, 0x41, 0, 0x3a, 0, 0], // touch the last byte
    ...[0x41, 0, 0x3f, 0, 0x41, 0x10, 0x74, 0xfc, 11, 0].flatMap((byte, i) =>
      // memory.fill(0, 1, size): every page becomes real
      i === 2 ? [0x41, 1, byte] : [byte]
    ),
    ...[0x0c, 0, 0x0b],
  ]),
  /** Calls itself for ever. */
  deep: command([0x10, 2]),
  /** Traps. */
  trap: command([0x00]),
} as const;
