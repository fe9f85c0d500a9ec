/**
 * What a module is, and whether it may be compiled at all. DESIGN 11: some small modules abort the
 * process that compiles or runs them, so this comes first.
 *
 * @module
 */

import { jobLimits } from "../../lib/limits.ts";
import { bytesText } from "../../lib/text.ts";
import { makeReader, type Reader, refuseModule } from "./reader.ts";
import {
  type External,
  type Import,
  type ModuleFacts,
  noFacts,
  sectionReaders,
} from "./sections.ts";

/** A module that passed. */
export interface CheckedModule {
  /** A core module, or a component that holds core modules. */
  readonly kind: "module" | "component";
  /** A core module's imports and exports; empty for a component. */
  readonly imports: readonly Import[];
  readonly exports: readonly External[];
  /** Pages of 64 KiB that a core module's memory starts with, imported or its own. */
  readonly memoryPages: number;
  /** Entries of a core module's tables. */
  readonly tableEntries: number;
}

const magic = 0x6d736100; // "\0asm", little-endian

/**
 * Checks a module or component and every module inside it.
 *
 * @throws {PlasmdError} `module`, with what is wrong and at which byte
 */
export function checkModule(bytes: Uint8Array): CheckedModule {
  if (bytes.length > jobLimits.moduleBytes) {
    refuseModule(
      `it has ${bytesText(bytes.length)}, limit is ${bytesText(jobLimits.moduleBytes)}`,
      bytes.length,
    );
  }
  const reader = makeReader(bytes);
  const version = readHeader(reader);
  if (version === 0x0001_000d) {
    const count = { modules: 0 };
    readComponent(reader, 1, count);
    return { kind: "component", imports: [], exports: [], memoryPages: 0, tableEntries: 0 };
  }
  if (version !== 1) refuseModule(`its version is 0x${version.toString(16)}`, 4);
  const { imports, exports, memoryPages, tableEntries } = readModule(reader);
  return { kind: "module", imports, exports, memoryPages, tableEntries };
}

/** Whether the bytes say that they are a component; nothing else of them is looked at. */
export function isComponent(bytes: Uint8Array): boolean {
  return bytes[6] === 1;
}

function readHeader(reader: Reader): number {
  const at = reader.offset();
  if (word(reader) !== magic) refuseModule("it is no WebAssembly", at);
  return word(reader);
}

function word(reader: Reader): number {
  return (reader.byte() | reader.byte() << 8 | reader.byte() << 16 | reader.byte() << 24) >>> 0;
}

/** The order of sections; the count of data segments (12) stands before the code (10). */
const order = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10];

function readModule(reader: Reader): ModuleFacts {
  const facts = noFacts();
  let last = 0;
  while (reader.left() > 0) {
    const at = reader.offset();
    const id = reader.byte();
    const section = reader.part(reader.u32());
    if (id === 0) continue;
    const read = sectionReaders[id];
    if (read === undefined) refuseModule(`the section ${id} is not supported`, at);
    const place = order[id]!;
    if (place <= last) refuseModule(`the section ${id} is twice or out of order`, at);
    last = place;
    read(section, facts);
    section.end(`the section ${id}`);
  }
  return facts;
}

/** A component's sections: modules (1) and components (4) are looked into, the rest is for jco. */
function readComponent(reader: Reader, depth: number, count: { modules: number }): void {
  if (depth > jobLimits.componentDepth) refuseModule("its components are nested too deep", 0);
  while (reader.left() > 0) {
    const at = reader.offset();
    const id = reader.byte();
    const section = reader.part(reader.u32());
    if (id === 1) {
      if (++count.modules > jobLimits.componentModules) {
        refuseModule(`it holds more than ${jobLimits.componentModules} modules`, at);
      }
      if (readHeader(section) !== 1) refuseModule("a module inside has another version", at);
      readModule(section);
    } else if (id === 4) {
      if (readHeader(section) !== 0x0001_000d) {
        refuseModule("a component inside has another version", at);
      }
      readComponent(section, depth + 1, count);
    } else if (id > 11) refuseModule(`the section ${id} is not supported`, at);
  }
}
