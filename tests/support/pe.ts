/**
 * Programs for UEFI as far as their headers go: a stub to make images of, and a reader of sections.
 *
 * @module
 */

/** What a stub is like. */
export interface StubOptions {
  readonly processor?: number;
  /** Sections that it has already; there is room for fifteen. */
  readonly sections?: number;
  readonly signed?: boolean;
}

const file = 0x80;
const optional = file + 24;
const table = optional + 240;

/** A stub that nothing would run. */
export function efiStub(
  { processor = 0x8664, sections = 1, signed = false }: StubOptions = {},
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(2048);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4d5a);
  view.setUint32(0x3c, file, true);
  view.setUint32(file, 0x5045_0000);
  view.setUint16(file + 4, processor, true);
  view.setUint16(file + 6, sections, true);
  view.setUint16(file + 20, table - optional, true);
  view.setUint16(optional, 0x20b, true);
  view.setUint32(optional + 32, 512, true);
  view.setUint32(optional + 36, 512, true);
  view.setUint32(optional + 56, 0x2000, true);
  view.setUint32(optional + 60, 1024, true);
  view.setUint32(optional + 64, 0x1234, true);
  if (signed) view.setUint32(optional + 112 + 36, 8, true);
  for (let i = 0; i < sections; i++) {
    const entry = table + 40 * i;
    bytes.set(new TextEncoder().encode(".text"), entry);
    view.setUint32(entry + 8, 100, true);
    view.setUint32(entry + 12, 0x1000, true);
    view.setUint32(entry + 16, 512, true);
    view.setUint32(entry + 20, 1024, true);
  }
  return bytes;
}

/** A section of a program. */
export interface PeSection {
  readonly name: string;
  readonly address: number;
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** The sections of a program, and how much memory it asks for. */
export function readPe(
  bytes: Uint8Array,
): { readonly imageBytes: number; readonly sections: readonly PeSection[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const file = view.getUint32(0x3c, true);
  const table = file + 24 + view.getUint16(file + 20, true);
  const sections = Array.from({ length: view.getUint16(file + 6, true) }, (_, i) => {
    const entry = table + 40 * i;
    const name = new TextDecoder().decode(bytes.subarray(entry, entry + 8)).replace(/\0.*$/s, "");
    const at = view.getUint32(entry + 20, true);
    const size = view.getUint32(entry + 8, true);
    const address = view.getUint32(entry + 12, true);
    return { name, address, at, bytes: bytes.subarray(at, at + size) };
  });
  return { imageBytes: view.getUint32(file + 24 + 56, true), sections };
}
