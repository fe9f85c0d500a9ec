/**
 * Disk images for sticks: a GUID partition table with the one partition that firmware starts from.
 * UEFI specification 2.10, chapter 5.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { sha256 } from "../../lib/bytes.ts";
import type { Arch } from "../../formats/names.ts";
import { fat32, sectorBytes } from "./fat32.ts";

/** The program that firmware starts from a stick, by arch. */
const programs: Readonly<Record<Arch, string>> = { x86_64: "BOOTX64.EFI", arm64: "BOOTAA64.EFI" };

const firstSector = 2048; // 1 MiB, as every partition tool aligns
const tableEntries = 128;
const entryBytes = 128;
const tableSectors = tableEntries * entryBytes / sectorBytes;
/** C12A7328-F81F-11D2-BA4B-00A0C93EC93B: what UEFI starts from. */
const systemPartition = "28732ac11ff8d211ba4b00a0c93ec93b";

/** A disk that starts the program. The same input gives the same bytes. */
export function bootDisk(program: Uint8Array, arch: Arch): Uint8Array<ArrayBuffer> {
  const name = sha256(program);
  const volume = fat32({
    files: [{ path: `EFI/BOOT/${programs[arch]}`, bytes: program }],
    label: "PHASE BOOT",
    serial: new DataView(name.buffer, name.byteOffset).getUint32(0),
    hiddenSectors: firstSector,
  });
  const volumeSectors = volume.length / sectorBytes;
  const sectors = align(firstSector + volumeSectors + tableSectors + 1, 2048);
  const bytes = new Uint8Array(sectors * sectorBytes);
  bytes.set(volume, firstSector * sectorBytes);
  const last = sectors - 1;
  writeProtectiveMbr(bytes, last);
  const table = partitionTable(name, firstSector + volumeSectors - 1);
  bytes.set(table, 2 * sectorBytes);
  bytes.set(table, (last - tableSectors) * sectorBytes);
  const tableCrc = crc32(table);
  const header = { disk: name, last, tableCrc };
  writeHeader(bytes, { ...header, at: 1, other: last, tableAt: 2 });
  writeHeader(bytes, { ...header, at: last, other: 1, tableAt: last - tableSectors });
  return bytes;
}

function align(at: number, to: number): number {
  return Math.ceil(at / to) * to;
}

/** What tells older programs that the disk isn't empty. */
function writeProtectiveMbr(bytes: Uint8Array<ArrayBuffer>, last: number): void {
  const view = new DataView(bytes.buffer);
  bytes.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 446);
  view.setUint32(454, 1, true);
  view.setUint32(458, last, true);
  view.setUint16(510, 0xaa55, true);
}

function partitionTable(name: Uint8Array, last: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(tableEntries * entryBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(Uint8Array.fromHex(systemPartition));
  bytes.set(guid(name.subarray(16, 32)), 16);
  view.setBigUint64(32, BigInt(firstSector), true);
  view.setBigUint64(40, BigInt(last), true);
  [..."Phase Boot"].forEach((char, i) => view.setUint16(56 + 2 * i, char.charCodeAt(0), true));
  return bytes;
}

/** Bytes that are random enough, as a GUID of version 4. RFC 9562 5.4. */
function guid(bytes: Uint8Array): Uint8Array {
  const made = bytes.slice();
  made[7] = (made[7]! & 0x0f) | 0x40;
  made[8] = (made[8]! & 0x3f) | 0x80;
  return made;
}

/** One of the two headers. */
interface Header {
  readonly disk: Uint8Array;
  readonly last: number;
  readonly tableCrc: number;
  /** Sectors: its own, the other header's, and its table's. */
  readonly at: number;
  readonly other: number;
  readonly tableAt: number;
}

function writeHeader(bytes: Uint8Array<ArrayBuffer>, header: Header): void {
  const { disk, last, tableCrc, at, other, tableAt } = header;
  const start = at * sectorBytes;
  const view = new DataView(bytes.buffer, start, sectorBytes);
  bytes.set(new TextEncoder().encode("EFI PART"), start);
  view.setUint32(8, 0x0001_0000, true);
  view.setUint32(12, 92, true);
  view.setBigUint64(24, BigInt(at), true);
  view.setBigUint64(32, BigInt(other), true);
  view.setBigUint64(40, BigInt(2 + tableSectors), true);
  view.setBigUint64(48, BigInt(last - tableSectors - 1), true);
  bytes.set(guid(disk.subarray(0, 16)), start + 56);
  view.setBigUint64(72, BigInt(tableAt), true);
  view.setUint32(80, tableEntries, true);
  view.setUint32(84, entryBytes, true);
  view.setUint32(88, tableCrc, true);
  view.setUint32(16, crc32(bytes.subarray(start, start + 92)), true);
}
