/**
 * What descriptors are, and what can be changed of them.
 *
 * @module
 */

import { errno, fail, fdflags, rights } from "./abi.ts";
import { type Descriptor, descriptorType, type DirectoryDescriptor } from "./descriptors.ts";
import type { Calls, Job } from "./host.ts";
import { fileOf } from "./io_calls.ts";
import { setTimes, writeStat } from "./stat.ts";
import { type DirectoryNode, type TreeNode, typeOf } from "./tree.ts";

/** The calls of this family. */
export function descriptorCalls(job: Job): Calls {
  const { memory, descriptors, tree } = job;
  return {
    fd_close: (fd: number) => descriptors.close(fd),
    fd_renumber: (from: number, to: number) => descriptors.renumber(from, to),
    fd_datasync: (fd: number) => void descriptors.get(fd, rights.fd_datasync),
    fd_sync: (fd: number) => void descriptors.get(fd, rights.fd_sync),
    fd_advise(fd: number, _offset: bigint, _length: bigint, advice: number) {
      const open = descriptors.get(fd, rights.fd_advise);
      if (advice > 5) fail(errno.inval);
      if (open.kind === "stream") fail(errno.spipe);
    },
    fd_allocate(fd: number, offset: bigint, length: bigint) {
      const { file } = fileOf(job, fd, rights.fd_allocate);
      if (length <= 0n || offset < 0n) fail(errno.inval);
      const end = offset + length;
      if (end > BigInt(Number.MAX_SAFE_INTEGER)) fail(errno.fbig);
      if (end > BigInt(file.size)) tree.resize(file, Number(end));
    },
    fd_fdstat_get(fd: number, into: number) {
      const open = descriptors.get(fd);
      memory.bytes(into, 24).fill(0);
      memory.setU8(into, descriptorType(open));
      memory.setU16(into + 2, open.flags);
      memory.setU64(into + 8, open.rights);
      memory.setU64(into + 16, open.inheriting);
    },
    fd_fdstat_set_flags(fd: number, flags: number) {
      const open = descriptors.get(fd, rights.fd_fdstat_set_flags);
      if ((flags & ~31) !== 0) fail(errno.inval);
      open.flags = flags & (fdflags.append | fdflags.nonblock);
      // Nothing is ever written later than at once, so these say nothing new.
      open.flags |= flags & (fdflags.dsync | fdflags.rsync | fdflags.sync);
    },
    fd_fdstat_set_rights(fd: number, base: bigint, inheriting: bigint) {
      const open = descriptors.get(fd);
      const [own, handed] = [BigInt.asUintN(64, base), BigInt.asUintN(64, inheriting)];
      if ((own & ~open.rights) !== 0n || (handed & ~open.inheriting) !== 0n) fail(errno.notcapable);
      open.rights = own;
      open.inheriting = handed;
    },
    fd_filestat_get(fd: number, into: number) {
      const open = descriptors.get(fd, rights.fd_filestat_get);
      const node = nodeOf(open);
      if (node !== undefined) return writeStat(memory, into, node);
      memory.bytes(into, 64).fill(0);
      memory.setU8(into + 16, descriptorType(open));
    },
    fd_filestat_set_size(fd: number, size: bigint) {
      const { file } = fileOf(job, fd, rights.fd_filestat_set_size);
      if (size < 0n) fail(errno.inval);
      if (size > BigInt(Number.MAX_SAFE_INTEGER)) fail(errno.fbig);
      tree.resize(file, Number(size));
      file.mtim = file.ctim = tree.now();
    },
    fd_filestat_set_times(fd: number, atim: bigint, mtim: bigint, flags: number) {
      const node = nodeOf(descriptors.get(fd, rights.fd_filestat_set_times));
      setTimes(tree, node ?? fail(errno.inval), atim, mtim, flags);
    },
    fd_prestat_get(fd: number, into: number) {
      memory.setU32(into, 0);
      memory.setU32(into + 4, preopenedName(descriptors.get(fd)).length);
    },
    fd_prestat_dir_name(fd: number, into: number, length: number) {
      const name = preopenedName(descriptors.get(fd));
      if (length >>> 0 < name.length) fail(errno.nametoolong);
      memory.bytes(into, name.length).set(name);
    },
    fd_readdir(fd: number, into: number, length: number, cookie: bigint, used: number) {
      const open = descriptors.directory(fd, rights.fd_readdir);
      const from = BigInt.asUintN(64, cookie);
      // Entries that come or go meanwhile must not move the others: `rm -r` reads and unlinks.
      if (from === 0n || open.listing === undefined) open.listing = listingOf(open.directory);
      memory.setU32(
        used,
        writeEntries(memory.bytes(into, length), open, open.listing, from),
      );
    },
  };
}

function nodeOf(open: Descriptor): TreeNode | undefined {
  if (open.kind === "stream") return undefined;
  return open.kind === "file" ? open.file : open.directory;
}

function preopenedName(open: Descriptor): Uint8Array {
  if (open.kind !== "directory" || open.preopened === undefined) return fail(errno.badf);
  return new TextEncoder().encode(open.preopened);
}

function listingOf(directory: DirectoryNode): NonNullable<DirectoryDescriptor["listing"]> {
  return [[".", directory], ["..", directory.parent], ...directory.entries];
}

/**
 * Fills the buffer with entries from the cookie on, without those that are gone; the last one may be
 * cut. Returns bytes used.
 */
function writeEntries(
  into: Uint8Array,
  { directory }: DirectoryDescriptor,
  list: readonly (readonly [string, TreeNode])[],
  cookie: bigint,
): number {
  let used = 0;
  for (let i = Number(cookie); i < list.length && used < into.length; i++) {
    const [name, node] = list[i]!;
    if (i >= 2 && !directory.entries.has(name)) continue;
    const text = new TextEncoder().encode(name);
    const entry = new Uint8Array(24 + text.length);
    const view = new DataView(entry.buffer);
    view.setBigUint64(0, BigInt(i + 1), true);
    view.setBigUint64(8, node.ino, true);
    view.setUint32(16, text.length, true);
    view.setUint8(20, typeOf(node));
    entry.set(text, 24);
    const part = entry.subarray(0, into.length - used);
    into.set(part, used);
    used += part.length;
  }
  return used;
}
