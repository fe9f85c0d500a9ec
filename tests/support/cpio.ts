/**
 * Reads cpio archives in the "newc" form, written from its description and not from our writer.
 *
 * @module
 */

import assert from "node:assert/strict";

/** One entry as it was read. */
export interface ReadEntry {
  readonly path: string;
  readonly inode: number;
  /** Type and permissions, as in stat. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly device: readonly [major: number, minor: number];
  readonly bytes: Uint8Array;
}

/** The entries of an archive; fails the test where it isn't well formed. */
export function readCpio(archive: Uint8Array): ReadEntry[] {
  const entries: ReadEntry[] = [];
  for (let at = 0;;) {
    assert.ok(at + 110 <= archive.length, "the archive ends without a trailer");
    const text = new TextDecoder().decode(archive.subarray(at, at + 110));
    assert.equal(text.slice(0, 6), "070701", `no header at ${at}`);
    const number = (i: number) => {
      const digits = text.slice(6 + i * 8, 14 + i * 8);
      assert.match(digits, /^[0-9a-f]{8}$/i);
      return parseInt(digits, 16);
    };
    const nameEnd = at + 110 + number(11);
    const path = new TextDecoder("utf-8", { fatal: true }).decode(
      archive.subarray(at + 110, nameEnd - 1),
    );
    assert.equal(archive[nameEnd - 1], 0, "a name ends with NUL");
    if (path === "TRAILER!!!") return entries;
    const start = Math.ceil(nameEnd / 4) * 4;
    const end = start + number(6);
    assert.ok(end <= archive.length, `"${path}" is cut off`);
    entries.push({
      path,
      inode: number(0),
      mode: number(1),
      uid: number(2),
      gid: number(3),
      mtime: number(5),
      device: [number(9), number(10)],
      bytes: archive.slice(start, end),
    });
    at = Math.ceil(end / 4) * 4;
  }
}

/** The text of a file in the archive. */
export function textIn(entries: readonly ReadEntry[], path: string): string {
  const entry = entries.find((one) => one.path === path);
  assert.ok(entry, `"${path}" isn't in the archive`);
  return new TextDecoder().decode(entry.bytes);
}
