/**
 * Hashes a file without a Worker: the whole of it in this thread, each chunk meanwhile in one of
 * the runtime's own. For little files, and for a start: before anything is served, nobody is kept
 * waiting by it, and a slow machine needs longer to start Workers than to hash an image.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { closeSync, fstatSync, readSync } from "node:fs";
import { toPlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import type { FileHash, HashOptions } from "./hash.ts";
import { openRegular } from "./hash_file.ts";
import { changedError, sameBytes, stampOf } from "./stamp.ts";

/**
 * Hashes a file, a chunk a turn.
 *
 * @throws {PlasmdError} `changed` where the file changed meanwhile; `io`, `permission`; the signal's
 * reason
 */
export async function hashHere(path: string, options: HashOptions): Promise<FileHash> {
  const descriptor = openRegular(path);
  try {
    const stamp = stampOf(fstatSync(descriptor));
    const hashes = await hashChunks(descriptor, stamp.size, options);
    const after = stampOf(fstatSync(descriptor));
    if (hashes === undefined || !sameBytes(stamp, after)) {
      throw changedError(path, "wait until the file is written, then start again");
    }
    return { ...stamp, ...hashes, chunkSize: options.chunkSize };
  } catch (thrown) {
    options.signal?.throwIfAborted();
    throw toPlasmdError(thrown, `Cannot read "${printable(path)}"`);
  } finally {
    closeSync(descriptor);
  }
}

/** Undefined where the file has fewer bytes. */
async function hashChunks(
  descriptor: number,
  size: number,
  { chunkSize, signal, onProgress }: HashOptions,
): Promise<Pick<FileHash, "digest" | "chunks"> | undefined> {
  const whole = createHash("sha256");
  const chunks = new Uint8Array(32 * Math.ceil(size / chunkSize));
  const buffer = new Uint8Array(Math.min(chunkSize, size));
  for (let at = 0, index = 0; at < size; index++) {
    signal?.throwIfAborted();
    const chunk = buffer.subarray(0, Math.min(chunkSize, size - at));
    if (!readWhole(descriptor, chunk, at)) return undefined;
    // It takes a copy of the bytes before it returns.
    const digest = crypto.subtle.digest("SHA-256", chunk);
    whole.update(chunk);
    chunks.set(new Uint8Array(await digest), 32 * index);
    at += chunk.length;
    onProgress?.(at);
  }
  return { digest: whole.digest("hex"), chunks };
}

function readWhole(descriptor: number, into: Uint8Array, at: number): boolean {
  for (let done = 0; done < into.length;) {
    const read = readSync(descriptor, into, done, into.length - done, at + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}
