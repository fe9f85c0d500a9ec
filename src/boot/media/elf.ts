/**
 * What has to be known of an ELF executable before it goes into an image: for which machine it is,
 * and whether it needs anything beside itself.
 *
 * @module
 */

import type { Arch } from "../../formats/names.ts";

/** The facts of an executable. */
export interface ElfFacts {
  /** Undefined for machines that we don't know. */
  readonly arch: Arch | undefined;
  /** Whether it names no loader: it runs in an empty root. */
  readonly isStatic: boolean;
}

const machines: Readonly<Record<number, Arch>> = { 62: "x86_64", 183: "arm64" };
const interpreter = 3;

/** The facts of an executable from its first bytes; undefined where it is no 64-bit ELF program. */
export function elfFacts(bytes: Uint8Array): ElfFacts | undefined {
  if (bytes.length < 64) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [elf, is64, isLittle] = [view.getUint32(0) === 0x7f454c46, bytes[4] === 2, bytes[5] === 1];
  const type = view.getUint16(16, true);
  if (!elf || !is64 || !isLittle || (type !== 2 && type !== 3)) return undefined;
  const types = segmentTypes(view);
  if (types === undefined) return undefined;
  return { arch: machines[view.getUint16(18, true)], isStatic: !types.includes(interpreter) };
}

/** The types of all program headers; undefined where they lie outside of the bytes. */
function segmentTypes(view: DataView): number[] | undefined {
  const start = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  if (size < 56 || count === 0 || start + size * count > view.byteLength) return undefined;
  return Array.from({ length: count }, (_, i) => view.getUint32(start + i * size, true));
}
