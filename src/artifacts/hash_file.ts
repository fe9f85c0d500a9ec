/**
 * SHA-256 of a file: of the whole, of each chunk, or both in one pass. It runs in a Worker and
 * blocks that Worker's thread, but for a moment after each stretch.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { hashLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { changedError, type FileStamp, sameBytes, stampOf } from "./stamp.ts";

/** What to hash. */
export interface HashTask {
  readonly path: string;
  /** Bytes of a chunk, a multiple of the bytes of one read. */
  readonly chunkSize: number;
  /** Whether the digest of the whole file is wanted. */
  readonly whole: boolean;
  /** Whether the digests of the chunks are wanted. */
  readonly chunks: boolean;
}

/** What came of it. */
export interface HashResult {
  /** 64 hex digits, where the whole was wanted. */
  readonly digest?: string;
  /** The concatenated 32-byte digests of the chunks, where they were wanted. */
  readonly chunks?: Uint8Array<ArrayBuffer>;
  /** The file that was hashed. */
  readonly stamp: FileStamp;
}

/**
 * Hashes a file.
 *
 * @param onProgress gets the bytes done so far, after each stretch
 * @throws {PlasmdError} `changed` where the file changed meanwhile; `io`, `permission`
 */
export async function hashFile(
  task: HashTask,
  onProgress: (bytes: number) => void,
): Promise<HashResult> {
  const descriptor = openRegular(task.path);
  try {
    const stamp = stampOf(fstatSync(descriptor));
    const hashes = startHashes(task, stamp.size);
    await readAll(descriptor, stamp.size, hashes.update, onProgress);
    const after = stampOf(fstatSync(descriptor));
    if (hashes.bytes() !== stamp.size || !sameBytes(stamp, after)) {
      throw changedError(task.path, "wait until the file is written, then start again");
    }
    return { ...hashes.finish(), stamp };
  } catch (thrown) {
    throw toPlasmdError(thrown, `Cannot read "${printable(task.path)}"`);
  } finally {
    closeSync(descriptor);
  }
}

/** Opens a regular file for reading; neither a link nor a pipe in its place is followed. */
export function openRegular(path: string): number {
  let descriptor: number | undefined;
  try {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
    descriptor = openSync(path, flags);
    if (fstatSync(descriptor).isFile()) return descriptor;
    throw new PlasmdError("artifacts", `Cannot serve "${printable(path)}": not a regular file`);
  } catch (thrown) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw toPlasmdError(thrown, `Cannot open "${printable(path)}"`);
  }
}

/** Reads up to `size` bytes, and one more where there is one: a file that grew shows itself. */
async function readAll(
  descriptor: number,
  size: number,
  update: (bytes: Uint8Array) => void,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const buffer = new Uint8Array(hashLimits.readBytes);
  let at = 0;
  while (true) {
    const read = readSync(descriptor, buffer, 0, buffer.length, at);
    if (read === 0) return;
    update(buffer.subarray(0, read));
    at += read;
    if (at > size) return;
    if (at % hashLimits.stretchBytes < read) {
      onProgress(at);
      // A Worker can be ended only between two turns of its loop.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
}

interface RunningHashes {
  update(bytes: Uint8Array): void;
  bytes(): number;
  finish(): Pick<HashResult, "digest" | "chunks">;
}

function startHashes(task: HashTask, size: number): RunningHashes {
  const whole = task.whole ? createHash("sha256") : undefined;
  const chunks = task.chunks ? startChunks(task.chunkSize, size) : undefined;
  let total = 0;
  return {
    update(bytes) {
      total += bytes.length;
      whole?.update(bytes);
      chunks?.update(bytes);
    },
    bytes: () => total,
    finish: () => ({ digest: whole?.digest("hex"), chunks: chunks?.finish() }),
  };
}

function startChunks(chunkSize: number, size: number) {
  const digests = new Uint8Array(32 * Math.ceil(size / chunkSize));
  let index = 0;
  let room = chunkSize;
  let hash: Hash = createHash("sha256");
  const close = () => {
    digests.set(hash.digest(), 32 * index++);
    hash = createHash("sha256");
    room = chunkSize;
  };
  return {
    update(bytes: Uint8Array) {
      // A short read may end anywhere, so a chunk may end within what was read.
      for (let at = 0; at < bytes.length && index * 32 < digests.length;) {
        const part = bytes.subarray(at, at + room);
        hash.update(part);
        at += part.length;
        room -= part.length;
        if (room === 0) close();
      }
    },
    finish() {
      if (room < chunkSize) close();
      return digests;
    },
  };
}
