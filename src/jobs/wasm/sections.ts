/**
 * The sections of a core module.
 *
 * @module
 */

import { jobLimits } from "../../lib/limits.ts";
import { walkExpression } from "./instructions.ts";
import { type Reader, refuseModule } from "./reader.ts";
import {
  counted,
  type Limits,
  readFunctionType,
  readLimits,
  readReferenceType,
  readValueType,
} from "./types.ts";

/** A thing that a module takes from or gives to its host. */
export interface External {
  readonly kind: "function" | "table" | "memory" | "global";
  readonly name: string;
}

/** An import: what, from which module. */
export interface Import extends External {
  readonly module: string;
}

/** What is gathered while a module is read. */
export interface ModuleFacts {
  readonly imports: Import[];
  readonly exports: External[];
  memories: number;
  /** Pages of 64 KiB that its memory starts with. */
  memoryPages: number;
  /** Where its memory's limits stand, imported or its own. */
  memory?: MemoryLimits;
  tables: number;
  tableEntries: number;
  functions: number;
}

/** The limits of a memory in pages, and their bytes in the binary, from `start` to before `end`. */
export interface MemoryLimits extends Limits {
  readonly start: number;
  readonly end: number;
}

/** What is known before anything is read. */
export function noFacts(): ModuleFacts {
  return {
    imports: [],
    exports: [],
    memories: 0,
    memoryPages: 0,
    tables: 0,
    tableEntries: 0,
    functions: 0,
  };
}

/** How each section is read, by its id; a custom section (0) is skipped. */
export const sectionReaders: Readonly<
  Record<number, (reader: Reader, facts: ModuleFacts) => void>
> = {
  1: (reader) => each(reader, jobLimits.moduleTypes, "types", readFunctionType),
  2: (reader, facts) =>
    each(reader, jobLimits.moduleImports, "imports", () => {
      facts.imports.push(readImport(reader, facts));
    }),
  3: (reader, facts) =>
    each(reader, jobLimits.moduleFunctions, "functions", () => {
      reader.u32();
      facts.functions++;
    }),
  4: (reader, facts) =>
    each(reader, jobLimits.moduleTables, "tables", () => {
      readTable(reader, facts);
    }),
  5: (reader, facts) => each(reader, 1, "memories", () => readMemory(reader, facts)),
  6: (reader) => each(reader, jobLimits.moduleGlobals, "globals", readGlobal),
  7: (reader, facts) =>
    each(reader, jobLimits.moduleExports, "exports", () => {
      facts.exports.push(readExport(reader));
    }),
  8: (reader) => void reader.u32(), // start
  9: (reader) => each(reader, jobLimits.moduleSegments, "element segments", readElement),
  10: (reader) => each(reader, jobLimits.moduleFunctions, "function bodies", readBody),
  11: (reader) => each(reader, jobLimits.moduleSegments, "data segments", readData),
  12: (reader) => void reader.u32(), // count of data segments
};

function each(
  reader: Reader,
  most: number,
  what: string,
  read: (reader: Reader) => void,
): void {
  const count = counted(reader, most, what);
  for (let i = 0; i < count; i++) read(reader);
}

const kinds = ["function", "table", "memory", "global"] as const;

function kindOf(reader: Reader): External["kind"] {
  const at = reader.offset();
  const kind = kinds[reader.byte()];
  return kind ?? refuseModule("it imports or exports something that is not supported", at);
}

function readImport(reader: Reader, facts: ModuleFacts): Import {
  const module = reader.name();
  const name = reader.name();
  const kind = kindOf(reader);
  if (kind === "function") reader.u32();
  else if (kind === "table") readTable(reader, facts);
  else if (kind === "memory") readMemory(reader, facts);
  else readGlobalType(reader);
  return { module, name, kind };
}

function readExport(reader: Reader): External {
  const name = reader.name();
  const kind = kindOf(reader);
  reader.u32();
  return { name, kind };
}

/** DESIGN 11: tables of ten million entries each would abort the process. */
function readTable(reader: Reader, facts: ModuleFacts): void {
  const at = reader.offset();
  readReferenceType(reader);
  facts.tableEntries += readLimits(reader).min;
  facts.tables++;
  if (facts.tables > jobLimits.moduleTables || facts.tableEntries > jobLimits.moduleTableEntries) {
    refuseModule(
      `its tables have ${facts.tableEntries} entries, limit is ${jobLimits.moduleTableEntries}`,
      at,
    );
  }
}

/** DESIGN 11: one memory. */
function readMemory(reader: Reader, facts: ModuleFacts): void {
  const at = reader.offset();
  const limits = readLimits(reader);
  facts.memoryPages = limits.min;
  facts.memory = { ...limits, start: at, end: reader.offset() };
  if (++facts.memories > 1) refuseModule("more than one memory is not supported", at);
}

function readGlobalType(reader: Reader): void {
  readValueType(reader);
  reader.byte();
}

function readGlobal(reader: Reader): void {
  readGlobalType(reader);
  walkExpression(reader);
}

/** The eight forms of an element segment. */
function readElement(reader: Reader): void {
  const at = reader.offset();
  const flags = reader.u32();
  if (flags > 7) refuseModule("an element segment is malformed", at);
  const passive = (flags & 1) !== 0;
  if (!passive) {
    if ((flags & 2) !== 0) reader.u32();
    walkExpression(reader);
  }
  const expressions = (flags & 4) !== 0;
  if ((flags & 3) !== 0) {
    if (expressions) readReferenceType(reader);
    else reader.byte();
  }
  each(reader, jobLimits.moduleTableEntries, "elements", (inner) => {
    if (expressions) walkExpression(inner);
    else inner.u32();
  });
}

function readData(reader: Reader): void {
  const at = reader.offset();
  const flags = reader.u32();
  if (flags > 2) refuseModule("a data segment is malformed", at);
  if (flags === 2) reader.u32();
  if (flags !== 1) walkExpression(reader);
  reader.skip(reader.u32());
}

/** A function's body; a very long one keeps the compiler busy beyond any limit. */
function readBody(reader: Reader): void {
  const at = reader.offset();
  const size = reader.u32();
  if (size > jobLimits.functionBytes) {
    refuseModule(`a function has ${size} bytes, limit is ${jobLimits.functionBytes}`, at);
  }
  const body = reader.part(size);
  let locals = 0;
  each(body, jobLimits.moduleLocals, "groups of locals", () => {
    locals += body.u32();
    readValueType(body);
    if (locals > jobLimits.moduleLocals) refuseModule("a function has too many locals", at);
  });
  walkExpression(body);
  body.end("a function");
}
