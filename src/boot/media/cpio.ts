/**
 * Writes cpio archives in the "newc" form, the one that the kernel unpacks as initramfs. One list of
 * entries gives one string of bytes: sorted by path, numbered in order, owned by root, of one time.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";

/** One entry of an archive. Paths are relative, without "." or "..". */
export type CpioEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode?: number }
  | {
    readonly kind: "file";
    readonly path: string;
    readonly bytes: Uint8Array;
    readonly mode?: number;
  }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | {
    readonly kind: "device";
    readonly path: string;
    readonly major: number;
    readonly minor: number;
    readonly mode?: number;
  };

/** How an archive is written. */
export interface CpioOptions {
  /** Seconds since 1970 that every entry carries. Default 0. */
  readonly mtime?: number;
}

const types = { directory: 0o040000, file: 0o100000, link: 0o120000, device: 0o020000 } as const;
const modes = { directory: 0o755, file: 0o644, link: 0o777, device: 0o600 } as const;

/** Bytes of a file in the archive: eight hex digits hold its size. */
const maxFile = 0xffff_ffff;

/**
 * The archive in parts, so that a large file is never copied. Directories that the entries need and
 * don't name are added.
 *
 * @throws {PlasmdError} `usage` where a path is unsafe or named twice, or a file is too large
 */
export function* cpioParts(
  entries: Iterable<CpioEntry>,
  { mtime = 0 }: CpioOptions = {},
): Generator<Uint8Array> {
  let inode = 1;
  for (const entry of ordered(entries)) {
    const body = bodyOf(entry);
    yield header(entry, inode++, body.length, mtime);
    if (body.length === 0) continue;
    yield body;
    yield padding(body.length);
  }
  yield headerBytes({ name: "TRAILER!!!", links: 1 });
}

/** The archive as one byte string. */
export function cpioArchive(entries: Iterable<CpioEntry>, options?: CpioOptions): Uint8Array {
  const parts = [...cpioParts(entries, options)];
  const archive = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}

/**
 * What stands before the bytes of one regular file. The caller writes its `size` bytes and zeros up
 * to the next multiple of four, in a directory that is there: this is for files too large to hold.
 *
 * @throws {PlasmdError} `usage` where the path is unsafe or the file too large
 */
export function cpioFileHead(path: string, size: number): Uint8Array {
  checkPath(path);
  checkSize(path, size);
  return headerBytes({ name: path, mode: types.file | modes.file, links: 1, size });
}

function ordered(entries: Iterable<CpioEntry>): CpioEntry[] {
  const byPath = new Map<string, CpioEntry>();
  for (const entry of entries) {
    checkPath(entry.path);
    if (byPath.has(entry.path)) {
      throw new PlasmdError("usage", `Cannot write archive: "${entry.path}" is there twice`);
    }
    byPath.set(entry.path, entry);
  }
  for (const path of [...byPath.keys()]) addParents(path, byPath);
  // A parent sorts before what it holds, so the kernel can make one after the other.
  return [...byPath.values()].sort((a, b) => a.path < b.path ? -1 : 1);
}

function addParents(path: string, byPath: Map<string, CpioEntry>): void {
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const parent = path.slice(0, end);
    const there = byPath.get(parent);
    if (there === undefined) byPath.set(parent, { kind: "directory", path: parent });
    else if (there.kind !== "directory") {
      throw new PlasmdError(
        "usage",
        `Cannot write archive: "${path}" lies in "${parent}", which is no directory`,
      );
    }
  }
}

function checkPath(path: string): void {
  const good = path.length <= 1024 && !path.includes("\0") && path !== "TRAILER!!!" &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (!good) throw new PlasmdError("usage", `Cannot write archive: invalid path "${path}"`);
}

function bodyOf(entry: CpioEntry): Uint8Array {
  if (entry.kind === "link") return new TextEncoder().encode(entry.target);
  if (entry.kind !== "file") return new Uint8Array();
  checkSize(entry.path, entry.bytes.length);
  return entry.bytes;
}

function checkSize(path: string, size: number): void {
  if (size <= maxFile) return;
  throw new PlasmdError("usage", `Cannot write archive: "${path}" is above 4 GiB`);
}

function header(entry: CpioEntry, inode: number, size: number, mtime: number): Uint8Array {
  const permissions = entry.kind === "link" ? modes.link : entry.mode ?? modes[entry.kind];
  return headerBytes({
    name: entry.path,
    inode,
    mode: types[entry.kind] | permissions,
    links: entry.kind === "directory" ? 2 : 1,
    mtime,
    size,
    ...(entry.kind === "device" ? { major: entry.major, minor: entry.minor } : {}),
  });
}

interface HeaderFields {
  readonly name: string;
  readonly inode?: number;
  readonly mode?: number;
  readonly links: number;
  readonly mtime?: number;
  readonly size?: number;
  readonly major?: number;
  readonly minor?: number;
}

/** Magic, thirteen fields of eight hex digits, then the name, padded to four bytes. */
function headerBytes(fields: HeaderFields): Uint8Array {
  const { name, inode = 0, mode = 0, links, mtime = 0, size = 0, major = 0, minor = 0 } = fields;
  const nameBytes = new TextEncoder().encode(`${name}\0`);
  const numbers = [
    ...[inode, mode, 0, 0, links, mtime, size],
    ...[0, 0, major, minor, nameBytes.length, 0],
  ];
  const text = `070701${numbers.map((n) => n.toString(16).padStart(8, "0")).join("")}`;
  const bytes = new Uint8Array(align(text.length + nameBytes.length));
  bytes.set(new TextEncoder().encode(text));
  bytes.set(nameBytes, text.length);
  return bytes;
}

function align(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function padding(length: number): Uint8Array {
  return new Uint8Array(align(length) - length);
}
