/**
 * Modules that want more than they may have, or that nobody can read.
 *
 * @module
 */

import { command } from "./job_modules.ts";
import { name, section, u32, vec, wasm, withBody } from "./wasm.ts";

const functionType = section(1, vec([0x60, 0, 0]));

/** Modules that are refused before they run, by what they want. */
export const refusedModules: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "a hundred tables of ten million": wasm(
    section(4, vec(...new Array(100).fill([0x70, 0, ...u32(10_000_000)]))),
  ),
  "GC types": wasm(section(1, vec([0x5f, 1, 0x7f, 1]))),
  "memory64": wasm(section(5, vec([4, 1]))),
  "shared memory": wasm(section(5, vec([3, 1, 1]))),
  "two memories": wasm(section(5, vec([0, 1], [0, 1]))),
  "threads": withBody([0xfe, 0x03, 0, 0x0b]),
  "a data segment that claims 1 GB": wasm(
    section(5, vec([0, 1])),
    [11, ...u32(1_000_000_010), 1, 0, 0x41, 0, 0x0b, ...u32(1_000_000_000)],
  ),
  "a function of 6 MB": longFunctions(1, 6_000_000),
  "an import that there isn't": wasm(
    functionType,
    section(2, vec([...name("env"), ...name("system"), 0, 0])),
  ),
  "a WASI call that there isn't": wasm(
    functionType,
    section(2, vec([...name("wasi_snapshot_preview1"), ...name("proc_exec"), 0, 0])),
  ),
  "a start with more memory than it may have": wasm(section(5, vec([0, ...u32(60_000)]))),
  "a script": new TextEncoder().encode("#!/bin/sh\nrm -rf /\n"),
};

/** Functions that do nothing for so many bytes each; the first is `_start`. */
export function longFunctions(count: number, bytes: number): Uint8Array<ArrayBuffer> {
  const head = Uint8Array.from([...u32(bytes), 0]);
  const code = new Uint8Array(count * (head.length + bytes - 1));
  for (let i = 0, at = 0; i < count; i++) {
    code.set(head, at);
    at += head.length + bytes - 1;
    code.fill(0x01, at - bytes + 1, at - 1); // nop
    code[at - 1] = 0x0b;
  }
  return join(
    wasm(
      functionType,
      section(3, vec(...new Array(count).fill([0]))),
      section(7, vec([...name("_start"), 0, 0])),
      [10, ...u32(u32(count).length + code.length), ...u32(count)],
    ),
    code,
  );
}

/** A module that is large for its data: a segment of so many bytes in a memory that holds it. */
export function largeData(bytes: number): Uint8Array<ArrayBuffer> {
  const pages = Math.ceil(bytes / 65_536);
  const head = [1, 0, 0x41, 0, 0x0b, ...u32(bytes)];
  return join(
    wasm(
      functionType,
      section(3, vec([0])),
      section(5, vec([0, ...u32(pages)])),
      section(7, vec([...name("_start"), 0, 0], [...name("memory"), 2, 0])),
      section(10, vec([2, 0, 0x0b])),
      [11, ...u32(head.length + bytes), ...head],
    ),
    new Uint8Array(bytes).fill(7),
  );
}

/** A module whose tables are empty at first, and grow by a million entries at a time for ever. */
export function growingTables(count: number): Uint8Array<ArrayBuffer> {
  const grow = (table: number) => [0xd0, 0x70, 0x41, 0xc0, 0x84, 0x3d, 0xfc, 15, table, 0x1a];
  const grows = Array.from({ length: count }, (_, table) => grow(table)).flat();
  const code = [0, 0x03, 0x40, ...grows, 0x0c, 0, 0x0b, 0x0b];
  return wasm(
    functionType,
    section(3, vec([0])),
    section(4, vec(...new Array(count).fill([0x70, 0, 0]))),
    section(7, vec([...name("_start"), 0, 0])),
    section(10, vec([...u32(code.length), ...code])),
  );
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

/** A command with every kind of section, so that each can be broken. */
export const everySection: Uint8Array<ArrayBuffer> = wasm(
  section(0, [...name("producers"), 1, 2, 3]),
  section(
    1,
    vec([0x60, 2, 0x7f, 0x7e, 2, 0x7d, 0x7c], [0x60, 0, 0], [0x60, 1, 0x7f, 0]),
  ),
  section(2, vec([...name("wasi_snapshot_preview1"), ...name("proc_exit"), 0, 2])),
  section(3, vec([1])),
  section(4, vec([0x70, 1, 2, 2])),
  section(5, vec([1, 1, 16])),
  section(6, vec([0x7f, 1, 0x41, 0x80, 0x80, 4, 0x0b])),
  section(7, vec([...name("_start"), 0, 1], [...name("memory"), 2, 0])),
  section(9, vec([0, 0x41, 0, 0x0b, ...vec([1])])),
  section(12, [1]),
  section(
    10,
    vec([
      ...u32(20),
      ...[1, 1, 0x7f], // a local
      ...[0x41, 10, 0x21, 0, 0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x0b],
    ]),
  ),
  section(11, vec([0, 0x41, 0, 0x0b, ...vec([1], [2])])),
);

/** So many modules with one to four changes each, the same ones every time, in every section. */
export function mutatedModules(count: number): Uint8Array<ArrayBuffer>[] {
  const bases = [everySection, command([0x41, 0, 0x10, 1], { data: "text" })];
  let state = 0x2545_f491;
  const below = (most: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % most;
  };
  return Array.from({ length: count }, (_, i) => {
    const base = bases[i % bases.length]!;
    let bytes = Uint8Array.from(base);
    // The first change goes through the module from its head to its end.
    let at = 8 + Math.floor((i / count) * (base.length - 8));
    for (let change = below(4); change >= 0; change--) {
      const kind = below(8);
      if (kind === 0) bytes = bytes.slice(0, at);
      else if (kind === 1) bytes = Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 1)]);
      else if (kind === 2) {
        bytes = Uint8Array.from([...bytes.slice(0, at), below(256), ...bytes.slice(at)]);
      } else if (at < bytes.length) bytes[at] = kind === 3 ? 0xff : below(256);
      at = 8 + below(Math.max(1, bytes.length - 8));
    }
    return bytes;
  });
}
