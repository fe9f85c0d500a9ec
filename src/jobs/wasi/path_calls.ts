/**
 * Calls on paths below a directory.
 *
 * @module
 */

import { errno, fail, fileRights, oflags, rights } from "./abi.ts";
import { allRights } from "./abi.ts";
import { grantedRights } from "./descriptors.ts";
import type { Calls, Job } from "./host.ts";
import { existing, type Place, resolvePath } from "./paths.ts";
import { setTimes, writeStat } from "./stat.ts";
import {
  link,
  makeDirectory,
  makeFile,
  makeLink,
  removeDirectory,
  rename,
  unlink,
} from "./places.ts";
import type { DirectoryNode, FileNode } from "./tree.ts";

/** The calls of this family. */
export function pathCalls(job: Job): Calls {
  const { memory, tree, descriptors } = job;
  const place = (fd: number, needed: bigint, at: number, length: number, follow: boolean) => {
    const { directory } = descriptors.directory(fd, needed);
    return resolvePath(directory, memory.text(at, length), follow);
  };
  return {
    path_create_directory(fd: number, at: number, length: number) {
      const to = place(fd, rights.path_create_directory, at, length, false);
      makeDirectory(tree, to);
    },
    path_filestat_get(fd: number, flags: number, at: number, length: number, into: number) {
      const found = place(fd, rights.path_filestat_get, at, length, (flags & 1) !== 0);
      writeStat(memory, into, existing(found));
    },
    path_filestat_set_times(
      fd: number,
      flags: number,
      at: number,
      length: number,
      atim: bigint,
      mtim: bigint,
      which: number,
    ) {
      const found = place(fd, rights.path_filestat_set_times, at, length, (flags & 1) !== 0);
      setTimes(tree, existing(found), atim, mtim, which);
    },
    path_link(
      fromFd: number,
      flags: number,
      fromAt: number,
      fromLength: number,
      toFd: number,
      toAt: number,
      toLength: number,
    ) {
      // A hard link to where a link leads isn't supported by all hosts, and by us neither.
      if ((flags & 1) !== 0) fail(errno.inval);
      const node = existing(place(fromFd, rights.path_link_source, fromAt, fromLength, false));
      const to = place(toFd, rights.path_link_target, toAt, toLength, false);
      link(tree, node, to);
    },
    path_open: (
      fd: number,
      lookup: number,
      at: number,
      length: number,
      open: number,
      base: bigint,
      inheriting: bigint,
      flags: number,
      into: number,
    ) => {
      const ask: OpenRequest = {
        open,
        base: BigInt.asUintN(64, base),
        inheriting: BigInt.asUintN(64, inheriting) & allRights,
        flags,
      };
      memory.setU32(into, openPath(job, fd, memory.text(at, length), (lookup & 1) !== 0, ask));
    },
    path_readlink(
      fd: number,
      at: number,
      length: number,
      into: number,
      room: number,
      used: number,
    ) {
      const node = existing(place(fd, rights.path_readlink, at, length, false));
      if (node.type !== "link") fail(errno.inval);
      const target = new TextEncoder().encode(node.target).subarray(0, room >>> 0);
      memory.bytes(into, target.length).set(target);
      memory.setU32(used, target.length);
    },
    path_remove_directory(fd: number, at: number, length: number) {
      const found = place(fd, rights.path_remove_directory, at, length, false);
      removeDirectory(tree, found);
    },
    path_rename(
      fromFd: number,
      fromAt: number,
      fromLength: number,
      toFd: number,
      toAt: number,
      toLength: number,
    ) {
      const from = place(fromFd, rights.path_rename_source, fromAt, fromLength, false);
      rename(tree, from, place(toFd, rights.path_rename_target, toAt, toLength, false));
    },
    path_symlink(targetAt: number, targetLength: number, fd: number, at: number, length: number) {
      const target = memory.text(targetAt, targetLength);
      const to = place(fd, rights.path_symlink, at, length, false);
      makeLink(tree, target, to);
    },
    path_unlink_file(fd: number, at: number, length: number) {
      const found = place(fd, rights.path_unlink_file, at, length, false);
      unlink(tree, found);
    },
  };
}

interface OpenRequest {
  readonly open: number;
  readonly base: bigint;
  readonly inheriting: bigint;
  readonly flags: number;
}

function openPath(job: Job, fd: number, path: string, follow: boolean, ask: OpenRequest): number {
  const { descriptors, tree } = job;
  const has = (flag: number) => (ask.open & flag) !== 0;
  if (has(oflags.creat) && has(oflags.directory)) fail(errno.inval);
  const needed = rights.path_open | (has(oflags.creat) ? rights.path_create_file : 0n) |
    (has(oflags.trunc) ? rights.path_filestat_set_size : 0n);
  const parent = descriptors.directory(fd, needed);
  const found = resolvePath(parent.directory, path, follow && !has(oflags.excl));
  const node = found.node === undefined ? create(job, found, ask.open) : found.node;
  if (found.node !== undefined && has(oflags.creat) && has(oflags.excl)) fail(errno.exist);
  if (node.type === "link") fail(errno.loop);
  const wantsDirectory = has(oflags.directory) || found.wantsDirectory;
  if (node.type === "directory") return openDirectory(job, node, parent.inheriting, ask);
  if (wantsDirectory) fail(errno.notdir);
  const granted = grantedRights(ask.base, parent.inheriting, "file");
  if (has(oflags.trunc)) {
    tree.resize(node, 0);
    node.mtim = node.ctim = tree.now();
  }
  return descriptors.add({
    kind: "file",
    file: node,
    offset: 0n,
    rights: granted,
    inheriting: ask.inheriting & parent.inheriting & fileRights,
    flags: ask.flags & 31,
  });
}

function openDirectory(
  { descriptors }: Job,
  directory: DirectoryNode,
  inheriting: bigint,
  ask: OpenRequest,
): number {
  if ((ask.open & (oflags.trunc | oflags.creat)) !== 0) fail(errno.isdir);
  // A directory is never written to as a file.
  if ((ask.base & rights.fd_write) !== 0n) fail(errno.isdir);
  return descriptors.add({
    kind: "directory",
    directory,
    rights: grantedRights(ask.base, inheriting, "directory"),
    inheriting: ask.inheriting & inheriting,
    flags: ask.flags & 31,
  });
}

function create({ tree }: Job, place: Place, open: number): FileNode {
  if ((open & oflags.creat) === 0) fail(errno.noent);
  return makeFile(tree, place);
}
