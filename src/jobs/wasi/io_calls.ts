/**
 * Reading and writing descriptors.
 *
 * @module
 */

import { errno, fail, fdflags, rights } from "./abi.ts";
import type { FileDescriptor } from "./descriptors.ts";
import type { Calls, Job } from "./host.ts";
import { readFile, writeFile } from "./file_bytes.ts";

/** The calls of this family. */
export function ioCalls(job: Job): Calls {
  const { memory, descriptors } = job;
  return {
    fd_read(fd: number, vectors: number, count: number, into: number) {
      const open = descriptors.get(fd, rights.fd_read);
      if (open.kind === "directory") fail(errno.isdir);
      const buffers = memory.vectors(vectors, count);
      if (open.kind === "stream") return memory.setU32(into, readStdin(job, buffers));
      const done = readFile(job.tree, open.file, open.offset, buffers);
      open.offset += BigInt(done);
      memory.setU32(into, done);
    },
    fd_pread(fd: number, vectors: number, count: number, offset: bigint, into: number) {
      const open = fileOf(job, fd, rights.fd_read | rights.fd_seek);
      const buffers = memory.vectors(vectors, count);
      memory.setU32(into, readFile(job.tree, open.file, unsigned(offset), buffers));
    },
    fd_write(fd: number, vectors: number, count: number, into: number) {
      const open = descriptors.get(fd, rights.fd_write);
      if (open.kind === "directory") fail(errno.isdir);
      const buffers = memory.vectors(vectors, count);
      if (open.kind === "stream") {
        return memory.setU32(into, writeStream(job, open.stream, buffers));
      }
      if ((open.flags & fdflags.append) !== 0) open.offset = BigInt(open.file.size);
      const done = writeFile(job.tree, open.file, open.offset, buffers);
      open.offset += BigInt(done);
      memory.setU32(into, done);
    },
    fd_pwrite(fd: number, vectors: number, count: number, offset: bigint, into: number) {
      const open = fileOf(job, fd, rights.fd_write | rights.fd_seek);
      const buffers = memory.vectors(vectors, count);
      memory.setU32(into, writeFile(job.tree, open.file, unsigned(offset), buffers));
    },
    fd_seek(fd: number, offset: bigint, whence: number, into: number) {
      // witx: asking where one is needs fd_tell, moving needs fd_seek.
      const asks = offset === 0n && whence === 1;
      const open = fileOf(job, fd, asks ? rights.fd_tell : rights.fd_seek);
      open.offset = target(open, offset, whence);
      memory.setU64(into, open.offset);
    },
    fd_tell: (fd: number, into: number) =>
      memory.setU64(into, fileOf(job, fd, rights.fd_tell).offset),
  };
}

/** An open file. Fails with ESPIPE for a stream, EISDIR for a directory. */
export function fileOf({ descriptors }: Job, fd: number, needed: bigint): FileDescriptor {
  const open = descriptors.get(fd);
  if (open.kind === "stream") fail(errno.spipe);
  if (open.kind === "directory") fail(errno.isdir);
  return descriptors.get(fd, needed) as FileDescriptor;
}

function unsigned(offset: bigint): bigint {
  // Beyond what a signed offset can hold.
  if (offset < 0n) fail(errno.inval);
  return offset;
}

function target({ file, offset: now }: FileDescriptor, offset: bigint, whence: number): bigint {
  const bases = [0n, now, BigInt(file.size)];
  const base = bases[whence] ?? fail(errno.inval);
  const to = base + offset;
  if (to < 0n || to > 0x7fff_ffff_ffff_ffffn) fail(errno.inval);
  return to;
}

function readStdin(job: Job, buffers: readonly Uint8Array[]): number {
  let done = 0;
  for (const buffer of buffers) {
    const part = job.host.stdin.subarray(job.stdinAt, job.stdinAt + buffer.length);
    buffer.set(part);
    job.stdinAt += part.length;
    done += part.length;
    if (part.length < buffer.length) break;
  }
  return done;
}

function writeStream(
  { host }: Job,
  stream: "stdin" | "stdout" | "stderr",
  buffers: readonly Uint8Array[],
): number {
  if (stream === "stdin") fail(errno.badf);
  let done = 0;
  for (const buffer of buffers) {
    if (buffer.length > 0) host.write(stream, buffer.slice());
    done += buffer.length;
  }
  return done;
}
