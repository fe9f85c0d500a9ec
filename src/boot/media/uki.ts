/**
 * Unified kernel images: a program that UEFI starts, made by putting kernel, initramfs and command
 * line as sections behind systemd's stub. The UAPI group's specification of UKIs, and the PE format.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";
import { mediaLimits } from "../../lib/limits.ts";
import type { Arch } from "../../formats/names.ts";

/** What an image is made of. */
export interface UkiOptions {
  readonly arch: Arch;
  /** systemd's stub: `linuxx64.efi.stub` or `linuxaa64.efi.stub`. */
  readonly stub: Uint8Array;
  readonly kernel: Uint8Array;
  readonly initramfs: Uint8Array;
  /** The kernel's command line. */
  readonly cmdline: string;
  /** What firmware and boot menus call it. */
  readonly name: string;
  readonly version: string;
}

/** The numbers with which PE files name a processor. */
const processors: Readonly<Record<Arch, number>> = { x86_64: 0x8664, arm64: 0xaa64 };

const sectionBytes = 40;
const pageBytes = 4096;
/** Read-only data that is there from the start. */
const readOnlyData = 0x4000_0040;

/** The parts of a PE file's headers that matter here. */
interface Headers {
  /** Where the header of the file, the optional header and the table of sections begin. */
  readonly file: number;
  readonly optional: number;
  readonly table: number;
  readonly sections: number;
  readonly sectionAlignment: number;
  readonly fileAlignment: number;
  /** Bytes of all headers. */
  readonly headerBytes: number;
  /** The first address behind the last section. */
  readonly end: number;
}

/**
 * Makes an image. The same input gives the same bytes.
 *
 * @throws {PlasmdError} `config` for a stub that can't be used
 */
export function unifiedKernelImage(options: UkiOptions): Uint8Array<ArrayBuffer> {
  const { stub, arch, kernel, initramfs, cmdline } = options;
  const text = new TextEncoder();
  const added: readonly (readonly [string, Uint8Array])[] = [
    [".osrel", text.encode(osRelease(options))],
    [".cmdline", text.encode(cmdline)],
    [".initrd", initramfs],
    // The last: the kernel's own room in memory lies behind it.
    [".linux", kernel],
  ];
  const headers = readHeaders(stub, arch);
  if (headers.table + sectionBytes * (headers.sections + added.length) > headers.headerBytes) {
    refuse("its headers have no room for more sections");
  }
  const alignFile = (at: number) => align(at, headers.fileAlignment);
  const size = added.reduce(
    (sum, [, data]) => sum + alignFile(data.length),
    alignFile(stub.length),
  );
  const bytes = new Uint8Array(size);
  bytes.set(stub);
  const view = new DataView(bytes.buffer);
  let [at, address] = [alignFile(stub.length), headers.end];
  added.forEach(([name, data], i) => {
    // A page of its own for each, as objcopy would be told.
    address = align(address, Math.max(headers.sectionAlignment, pageBytes));
    const entry = headers.table + sectionBytes * (headers.sections + i);
    bytes.fill(0, entry, entry + sectionBytes);
    bytes.set(text.encode(name), entry);
    view.setUint32(entry + 8, data.length, true);
    view.setUint32(entry + 12, address, true);
    view.setUint32(entry + 16, alignFile(data.length), true);
    view.setUint32(entry + 20, at, true);
    view.setUint32(entry + 36, readOnlyData, true);
    bytes.set(data, at);
    at += alignFile(data.length);
    address += data.length;
  });
  view.setUint16(headers.file + 6, headers.sections + added.length, true);
  view.setUint32(headers.optional + 56, align(address, headers.sectionAlignment), true);
  view.setUint32(headers.optional + 64, 0, true); // the checksum, which UEFI doesn't look at
  return bytes;
}

function readHeaders(stub: Uint8Array, arch: Arch): Headers {
  const view = new DataView(stub.buffer, stub.byteOffset, stub.byteLength);
  try {
    if (view.getUint16(0) !== 0x4d5a) refuse("it is no program for UEFI"); // MZ
    const file = view.getUint32(0x3c, true);
    if (view.getUint32(file) !== 0x5045_0000) refuse("it is no program for UEFI"); // PE
    if (view.getUint16(file + 4, true) !== processors[arch]) {
      refuse(`it is for another processor than ${arch}`);
    }
    const optional = file + 24;
    if (view.getUint16(optional, true) !== 0x20b) refuse("it is no 64-bit program"); // PE32+
    const table = optional + view.getUint16(file + 20, true);
    const sections = view.getUint16(file + 6, true);
    // The fifth directory holds signatures, which lie at the file's end and would be wrong.
    if (view.getUint32(optional + 112 + 8 * 4 + 4, true) !== 0) refuse("it is signed already");
    const ends = Array.from({ length: sections }, (_, i) => {
      const entry = table + sectionBytes * i;
      return view.getUint32(entry + 12, true) + view.getUint32(entry + 8, true);
    });
    const [sectionAlignment, fileAlignment] = [32, 36].map((at) =>
      view.getUint32(optional + at, true)
    ) as [number, number];
    if (![sectionAlignment, fileAlignment].every(isAlignment)) refuse("its headers make no sense");
    const headerBytes = view.getUint32(optional + 60, true);
    if (headerBytes > stub.length) refuse("its headers make no sense");
    const end = Math.max(0, ...ends);
    if (end > mediaLimits.stubBytes) refuse("its headers make no sense");
    return {
      ...{ file, optional, table, sections, sectionAlignment, fileAlignment, headerBytes, end },
    };
  } catch (thrown) {
    if (thrown instanceof RangeError) refuse("it is cut");
    throw thrown;
  }
}

function isAlignment(value: number): boolean {
  return value >= 1 && value <= 65_536 && (value & (value - 1)) === 0;
}

function align(at: number, to: number): number {
  return Math.ceil(at / to) * to;
}

function osRelease({ name, version }: UkiOptions): string {
  return `ID=plasmd\nNAME="${name}"\nPRETTY_NAME="${name} ${version}"\nVERSION_ID="${version}"\n`;
}

function refuse(why: string): never {
  throw new PlasmdError("config", `Cannot use the UEFI stub: ${why}`, {
    hint: "give the one of Debian's systemd-boot-efi for this arch: --stub FILE",
  });
}
