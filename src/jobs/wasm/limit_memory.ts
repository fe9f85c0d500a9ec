/**
 * Lowers what a module's memory may grow to. Between two looks at a process's memory a module could
 * grow by gigabytes; the engine itself holds a declared maximum at every `memory.grow`.
 *
 * @module
 */

import { makeReader, refuseModule } from "./reader.ts";
import { type MemoryLimits, noFacts, sectionReaders } from "./sections.ts";

const pageBytes = 65_536;
/** More can't be declared: 4 GiB. */
const pagesMost = 65_536;
const [importSection, memorySection] = [2, 5];

/**
 * The module with a memory, its own or imported, of at most so many bytes. All else keeps its bytes,
 * and a module that declares no more is returned as it is. It must have passed `checkModule`.
 *
 * @throws {PlasmdError} `module` where its memory starts with more
 */
export function limitMemory(module: Uint8Array, memoryBytes: number): Uint8Array {
  const most = Math.min(pagesMost, Math.floor(memoryBytes / pageBytes));
  const reader = makeReader(module);
  reader.skip(8);
  while (reader.left() > 0) {
    const start = reader.offset();
    const id = reader.byte();
    const content = reader.part(reader.u32());
    if (id !== importSection && id !== memorySection) continue;
    const end = reader.offset();
    const from = end - content.left();
    const facts = noFacts();
    sectionReaders[id]!(content, facts);
    if (facts.memory === undefined) continue;
    const limits = lowered(facts.memory, most);
    if (limits === undefined) return module;
    const changed = joined([
      module.subarray(from, facts.memory.start),
      limits,
      module.subarray(facts.memory.end, end),
    ]);
    const head = Uint8Array.of(id, ...u32(changed.length));
    return joined([module.subarray(0, start), head, changed, module.subarray(end)]);
  }
  return module;
}

/** New limits as bytes; nothing where the present ones will do. */
function lowered({ min, max, start }: MemoryLimits, most: number): Uint8Array | undefined {
  if (min > most) {
    refuseModule(
      `it starts with ${min * pageBytes} bytes of memory, limit is ${most * pageBytes}`,
      start,
    );
  }
  if (max !== undefined && max <= most) return undefined;
  return Uint8Array.of(1, ...u32(min), ...u32(most));
}

/** An unsigned LEB128 number. */
function u32(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
