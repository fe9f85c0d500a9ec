/**
 * Open descriptors of a job: standard streams, files and directories, with their rights.
 *
 * @module
 */

import { allRights, directoryRights, errno, fail, fileRights, filetype, rights } from "./abi.ts";
import {
  type DirectoryNode,
  type FileNode,
  holdFile,
  releaseFile,
  type Tree,
  type TreeNode,
} from "./tree.ts";

/** What all descriptors have. */
interface DescriptorBase {
  rights: bigint;
  inheriting: bigint;
  flags: number;
}

/** Standard input, output or error. */
export interface StreamDescriptor extends DescriptorBase {
  readonly kind: "stream";
  readonly stream: "stdin" | "stdout" | "stderr";
}

/** An open file. */
export interface FileDescriptor extends DescriptorBase {
  readonly kind: "file";
  readonly file: FileNode;
  offset: bigint;
}

/** An open directory. */
export interface DirectoryDescriptor extends DescriptorBase {
  readonly kind: "directory";
  readonly directory: DirectoryNode;
  /** Its name, where the job found it open. */
  readonly preopened?: string;
  /** Its entries as they were when the job began to read them: cookies count these. */
  listing?: readonly (readonly [string, TreeNode])[];
}

/** Any descriptor. */
export type Descriptor = StreamDescriptor | FileDescriptor | DirectoryDescriptor;

/** The table of descriptors. */
export interface Descriptors {
  /** The descriptor. Fails with EBADF; with ENOTCAPABLE where it lacks one of the rights. */
  get(fd: number, needed?: bigint): Descriptor;
  /** The same, and ENOTDIR where it is no directory. */
  directory(fd: number, needed: bigint): DirectoryDescriptor;
  /** Adds one at the lowest free number. Fails with EMFILE above the limit. */
  add(descriptor: Descriptor): number;
  close(fd: number): void;
  /** Gives `from`'s descriptor the number `to`, closing what was there. */
  renumber(from: number, to: number): void;
}

const descriptorsMost = 1024;

/** Makes the table a job starts with: three streams, and the root directory as 3. */
export function makeDescriptors(tree: Tree): Descriptors {
  const table = new Map<number, Descriptor>([
    [0, streamOf("stdin", rights.fd_read)],
    [1, streamOf("stdout", rights.fd_write)],
    [2, streamOf("stderr", rights.fd_write)],
    [3, {
      kind: "directory",
      directory: tree.root,
      preopened: "/",
      rights: directoryRights,
      inheriting: directoryRights | fileRights,
      flags: 0,
    }],
  ]);
  const get = (fd: number, needed = 0n): Descriptor => {
    const descriptor = table.get(fd) ?? fail(errno.badf);
    if ((descriptor.rights & needed) !== needed) fail(errno.notcapable);
    return descriptor;
  };
  const close = (fd: number) => {
    const descriptor = get(fd);
    table.delete(fd);
    if (descriptor.kind === "file") releaseFile(tree, descriptor.file);
  };
  return {
    get,
    directory(fd, needed) {
      const descriptor = get(fd);
      if (descriptor.kind !== "directory") fail(errno.notdir);
      if ((descriptor.rights & needed) !== needed) fail(errno.notcapable);
      return descriptor;
    },
    add(descriptor) {
      if (table.size >= descriptorsMost) fail(errno.mfile);
      let fd = 0;
      while (table.has(fd)) fd++;
      table.set(fd, descriptor);
      if (descriptor.kind === "file") holdFile(descriptor.file);
      return fd;
    },
    close,
    renumber(from, to) {
      const descriptor = get(from);
      get(to);
      if (from === to) return;
      const replaced = table.get(to)!;
      table.set(to, descriptor);
      table.delete(from);
      if (replaced.kind === "file") releaseFile(tree, replaced.file);
    },
  };
}

function streamOf(stream: StreamDescriptor["stream"], own: bigint): StreamDescriptor {
  const common = rights.fd_fdstat_set_flags | rights.fd_filestat_get | rights.poll_fd_readwrite;
  return { kind: "stream", stream, rights: own | common, inheriting: 0n, flags: 0 };
}

/** The file type of a descriptor as a number. A stream is a pipe, for which there is no number. */
export function descriptorType({ kind }: Descriptor): number {
  if (kind === "stream") return filetype.unknown;
  return kind === "file" ? filetype.regular_file : filetype.directory;
}

/** The rights that a new descriptor gets of those that were asked for. */
export function grantedRights(
  asked: bigint,
  inheriting: bigint,
  kind: "file" | "directory",
): bigint {
  const known = asked & allRights;
  // witx path_open: fewer only where a right doesn't apply to the type of file.
  const applicable = known & (kind === "file" ? fileRights : directoryRights);
  if ((applicable & ~inheriting) !== 0n) fail(errno.notcapable);
  return applicable;
}
