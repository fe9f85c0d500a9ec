/**
 * Walks over instructions: those of WebAssembly 2.0 (MVP, multi-value, sign extension, saturating
 * conversions, bulk memory, SIMD, reference types), and refuses all others by name.
 *
 * @module
 */

import { jobLimits } from "../../lib/limits.ts";
import { type Reader, refuseModule } from "./reader.ts";
import { counted, readReferenceType, readValueType } from "./types.ts";

/**
 * Walks to the end of an expression. DESIGN 11: what isn't known here never reaches the compiler.
 */
export function walkExpression(reader: Reader): void {
  let depth = 1;
  while (depth > 0) {
    const at = reader.offset();
    const opcode = reader.byte();
    if (opcode === 0x0b) depth--;
    else if (opcode === 0x02 || opcode === 0x03 || opcode === 0x04) {
      readBlockType(reader);
      if (++depth > jobLimits.moduleNesting) refuseModule("its blocks are nested too deep", at);
    } else walkInstruction(opcode, reader, at);
  }
}

function walkInstruction(opcode: number, reader: Reader, at: number): void {
  if (opcode >= 0x45 && opcode <= 0xc4) return; // numeric, without immediates
  if (opcode >= 0x28 && opcode <= 0x3e) return memoryArgument(reader);
  const walk = plain[opcode];
  if (walk !== undefined) return walk(reader);
  if (opcode === 0xfc) return walkMiscellaneous(reader, at);
  if (opcode === 0xfd) return walkVector(reader, at);
  refuseModule(refused[opcode] ?? `the instruction 0x${opcode.toString(16)} is not supported`, at);
}

const nothing = () => {};
const index = (reader: Reader) => void reader.u32();
const twoIndices = (reader: Reader) => {
  reader.u32();
  reader.u32();
};

/** Instructions of one byte by opcode: how their immediates are read. */
const plain: Readonly<Record<number, (reader: Reader) => void>> = {
  0x00: nothing, // unreachable
  0x01: nothing, // nop
  0x05: nothing, // else
  0x0c: index, // br
  0x0d: index, // br_if
  0x0e(reader) { // br_table
    const count = counted(reader, jobLimits.moduleBranches, "branches of a table");
    for (let i = 0; i <= count; i++) reader.u32();
  },
  0x0f: nothing, // return
  0x10: index, // call
  0x11: twoIndices, // call_indirect
  0x1a: nothing, // drop
  0x1b: nothing, // select
  0x1c(reader) { // select with types
    const count = counted(reader, 1, "types of a select");
    for (let i = 0; i < count; i++) readValueType(reader);
  },
  0x20: index, // local.get
  0x21: index,
  0x22: index,
  0x23: index, // global.get
  0x24: index,
  0x25: index, // table.get
  0x26: index,
  0x3f: zeroByte, // memory.size
  0x40: zeroByte, // memory.grow
  0x41: (reader) => reader.skipLeb(32), // i32.const
  0x42: (reader) => reader.skipLeb(64), // i64.const
  0x43: (reader) => reader.skip(4), // f32.const
  0x44: (reader) => reader.skip(8), // f64.const
  0xd0: readReferenceType, // ref.null
  0xd1: nothing, // ref.is_null
  0xd2: index, // ref.func
};

/** Proposals by the byte that gives them away. */
const refused: Readonly<Record<number, string>> = {
  0x06: "exceptions are not supported",
  0x07: "exceptions are not supported",
  0x08: "exceptions are not supported",
  0x09: "exceptions are not supported",
  0x0a: "exceptions are not supported",
  0x12: "tail calls are not supported",
  0x13: "tail calls are not supported",
  0x14: "typed function references are not supported",
  0x15: "typed function references are not supported",
  0x18: "exceptions are not supported",
  0x19: "exceptions are not supported",
  0x1f: "exceptions are not supported",
  0xd3: "typed function references are not supported",
  0xd4: "typed function references are not supported",
  0xd5: "typed function references are not supported",
  0xd6: "typed function references are not supported",
  0xfb: "garbage collection is not supported",
  0xfe: "threads (atomics) are not supported",
};

/** `0xfc`: saturating conversions, bulk memory, tables. */
function walkMiscellaneous(reader: Reader, at: number): void {
  const code = reader.u32();
  if (code <= 7) return; // saturating conversions
  if (code === 8) { // memory.init
    reader.u32();
    return zeroByte(reader);
  }
  if (code === 10) { // memory.copy
    zeroByte(reader);
    return zeroByte(reader);
  }
  if (code === 11) return zeroByte(reader); // memory.fill
  if (code === 12 || code === 14) return twoIndices(reader); // table.init, table.copy
  if (code === 9 || code === 13 || (code >= 15 && code <= 17)) return index(reader);
  refuseModule(`the instruction 0xfc ${code} is not supported`, at);
}

/** `0xfd`: SIMD. */
function walkVector(reader: Reader, at: number): void {
  const code = reader.u32();
  if (code <= 11 || code === 92 || code === 93) return memoryArgument(reader);
  if (code === 12 || code === 13) return reader.skip(16); // v128.const, i8x16.shuffle
  if (code >= 21 && code <= 34) return reader.skip(1); // lanes
  if (code >= 84 && code <= 91) { // loads and stores of lanes
    memoryArgument(reader);
    return reader.skip(1);
  }
  // The relaxed ones begin at 256; between lie gaps that no engine knows, and it says so itself.
  if (code > 255) refuseModule("relaxed SIMD is not supported", at);
}

/** Alignment and offset. A set bit 6 names another memory. */
function memoryArgument(reader: Reader): void {
  const at = reader.offset();
  if (reader.u32() >= 64) refuseModule("more than one memory is not supported", at);
  reader.u32();
}

function zeroByte(reader: Reader): void {
  const at = reader.offset();
  if (reader.byte() !== 0) refuseModule("more than one memory is not supported", at);
}

/** A block's type: empty, a value type, or the index of a function type as a positive number. */
function readBlockType(reader: Reader): void {
  const at = reader.offset();
  const first = reader.byte();
  if (first === 0x40 || (first >= 0x7b && first <= 0x7f) || first === 0x70 || first === 0x6f) {
    return;
  }
  // A single byte with bit 6 set would be a negative number: a type that we don't know.
  if (first < 0x40) return;
  if (first < 0x80) refuseModule("a block's type is not supported", at);
  for (let i = 1; i < 5; i++) if (reader.byte() < 0x80) return;
  refuseModule("a number is too long", at);
}
