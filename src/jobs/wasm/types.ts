/**
 * The types of a module: those of WebAssembly 2.0, and none of later proposals.
 *
 * @module
 */

import { jobLimits } from "../../lib/limits.ts";
import { type Reader, refuseModule } from "./reader.ts";

const valueTypes: Readonly<Record<number, string>> = {
  0x7f: "i32",
  0x7e: "i64",
  0x7d: "f32",
  0x7c: "f64",
  0x7b: "v128",
  0x70: "funcref",
  0x6f: "externref",
};

/** Reads a value type. DESIGN 11: no types of the GC proposal. */
export function readValueType(reader: Reader): void {
  const at = reader.offset();
  const type = reader.byte();
  if (!(type in valueTypes)) {
    refuseModule(`the type 0x${type.toString(16)} is not supported`, at);
  }
}

/** Reads a reference type. */
export function readReferenceType(reader: Reader): void {
  const at = reader.offset();
  const type = reader.byte();
  if (type !== 0x70 && type !== 0x6f) {
    refuseModule(`the reference type 0x${type.toString(16)} is not supported`, at);
  }
}

/** Reads an entry of the type section: a function type. */
export function readFunctionType(reader: Reader): void {
  const at = reader.offset();
  if (reader.byte() !== 0x60) {
    refuseModule("types other than functions (garbage collection) are not supported", at);
  }
  for (let side = 0; side < 2; side++) {
    const count = counted(reader, jobLimits.moduleParameters, "parameters or results");
    for (let i = 0; i < count; i++) readValueType(reader);
  }
}

/** Least and most, in pages or entries. */
export interface Limits {
  readonly min: number;
  readonly max?: number;
}

/** Reads limits. DESIGN 11: no shared memory, no 64-bit memory or table. */
export function readLimits(reader: Reader): Limits {
  const at = reader.offset();
  const flags = reader.byte();
  if ((flags & 2) !== 0) refuseModule("shared memory (threads) is not supported", at);
  if ((flags & 4) !== 0) refuseModule("64-bit memory is not supported", at);
  if (flags > 1) refuseModule("these limits of a memory or table are not supported", at);
  const min = reader.u32();
  return flags === 1 ? { min, max: reader.u32() } : { min };
}

/** Reads a count within a limit. */
export function counted(reader: Reader, most: number, what: string): number {
  const at = reader.offset();
  const count = reader.u32();
  if (count > most) refuseModule(`it has ${count} ${what}, limit is ${most}`, at);
  return count;
}
