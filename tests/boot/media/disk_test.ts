import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { bootDisk } from "../../../src/boot/media/disk.ts";
import { testBytes } from "../../support/artifacts.ts";

const sector = 512;

/** The bytes of a file in the FAT32 file system that begins there, by its short names. */
function readFat(disk: Uint8Array, start: number, path: readonly string[]): Uint8Array {
  const view = new DataView(disk.buffer, disk.byteOffset + start, disk.byteLength - start);
  const table = view.getUint16(14, true) * sector;
  const data = table + view.getUint8(16) * view.getUint32(36, true) * sector;
  const chain = (first: number) => {
    const parts: number[] = [];
    for (let at = first; at >= 2 && at < 0x0fff_fff8;) {
      const from = start + data + (at - 2) * sector;
      parts.push(...disk.subarray(from, from + sector));
      at = view.getUint32(table + 4 * at, true) & 0x0fff_ffff;
    }
    return Uint8Array.from(parts);
  };
  let content = chain(view.getUint32(44, true));
  for (const name of path) {
    const entries = new DataView(content.buffer);
    let found = -1;
    for (let at = 0; at < content.length && content[at] !== 0; at += 32) {
      if (new TextDecoder().decode(content.subarray(at, at + 11)) === name) found = at;
    }
    assert.notEqual(found, -1, `${name} is there`);
    const first = entries.getUint16(found + 20, true) * 65_536 +
      entries.getUint16(found + 26, true);
    const size = entries.getUint32(found + 28, true);
    content = chain(first);
    if (size > 0) content = content.subarray(0, size);
  }
  return content;
}

Deno.test("firmware finds the program on the one partition, in a file system of FAT32", () => {
  const program = testBytes(3_000_001, 1);
  const disk = bootDisk(program, "x86_64");
  const view = new DataView(disk.buffer);
  const entry = 2 * sector;
  const start = Number(view.getBigUint64(entry + 32, true)) * sector;
  const end = (Number(view.getBigUint64(entry + 40, true)) + 1) * sector;
  assert.equal(start, 1024 * 1024);
  assert.equal(view.getUint32(start + 32, true), (end - start) / sector);
  assert.ok(view.getUint32(start + 36, true) * sector / 4 >= 65_525, "fewer would be FAT16");
  const found = readFat(disk, start, ["EFI        ", "BOOT       ", "BOOTX64 EFI"]);
  assert.deepEqual(found, program);
});

Deno.test("an arm64 stick has the name that arm64 firmware looks for", () => {
  const disk = bootDisk(testBytes(1000, 2), "arm64");
  const found = readFat(disk, 1024 * 1024, ["EFI        ", "BOOT       ", "BOOTAA64EFI"]);
  assert.equal(found.length, 1000);
});

Deno.test("both headers of the partition table are whole, and name each other", () => {
  const disk = bootDisk(testBytes(1000, 3), "x86_64");
  const last = disk.length / sector - 1;
  const headers = [[1, last], [last, 1]] as const;
  for (const [at, other] of headers) {
    const header = disk.slice(at * sector, at * sector + 92);
    const view = new DataView(header.buffer);
    assert.equal(new TextDecoder().decode(header.subarray(0, 8)), "EFI PART");
    assert.equal(Number(view.getBigUint64(24, true)), at);
    assert.equal(Number(view.getBigUint64(32, true)), other);
    const tableAt = Number(view.getBigUint64(72, true)) * sector;
    assert.equal(view.getUint32(88, true), crc32(disk.subarray(tableAt, tableAt + 128 * 128)));
    const sum = view.getUint32(16, true);
    view.setUint32(16, 0, true);
    assert.equal(sum, crc32(header));
  }
  assert.deepEqual([...disk.subarray(510, 512)], [0x55, 0xaa]);
  assert.equal(disk[450], 0xee);
});

Deno.test("the same program gives the same disk, another one another name", () => {
  const [one, two] = [testBytes(1000, 4), testBytes(1000, 5)];
  const disk = bootDisk(one, "x86_64");
  assert.deepEqual(bootDisk(one, "x86_64"), disk);
  const name = (bytes: Uint8Array) => bytes.subarray(sector + 56, sector + 72);
  assert.notDeepEqual(name(bootDisk(two, "x86_64")), name(disk));
});
