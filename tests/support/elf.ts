/**
 * Small ELF files: enough of one for whoever looks at its headers.
 *
 * @module
 */

/** What an ELF file says of itself. */
export interface ElfFields {
  /** 62 is x86-64, 183 arm64. */
  readonly machine?: number;
  /** 1 relocatable, 2 program, 3 position-independent program. */
  readonly type?: number;
  /** Types of its program headers; 3 names a loader. */
  readonly segments?: readonly number[];
  /** Bytes of the class and byte order: 2 is 64-bit, 1 little-endian. */
  readonly bits?: number;
  readonly order?: number;
}

/** The bytes of such a file. */
export function elfFile(fields: ElfFields = {}): Uint8Array<ArrayBuffer> {
  const { machine = 62, type = 2, segments = [1], bits = 2, order = 1 } = fields;
  const bytes = new Uint8Array(64 + 56 * segments.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits, order, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  segments.forEach((segment, i) => view.setUint32(64 + 56 * i, segment, true));
  return bytes;
}

/** A kernel that says its version, as far as the boot protocol's header goes. */
export function bzImage(version: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(0x400);
  const text = new TextEncoder();
  bytes.set(text.encode("HdrS"), 0x202);
  new DataView(bytes.buffer).setUint16(0x20e, 0x100, true);
  bytes.set(text.encode(`${version} (builder@example) #1 SMP\0`), 0x300);
  return bytes;
}
