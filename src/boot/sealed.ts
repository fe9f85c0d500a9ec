/**
 * Files in memory that are hashed while they are written and then sealed: what the kernel loads is
 * what was verified, whatever happens to the file it was read from. DESIGN 9.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { ManifestArtifact } from "../formats/manifest.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { bootLimits } from "../lib/limits.ts";
import { type Libc, SystemCallError } from "./libc.ts";

/** A file in memory whose bytes can't change any more. */
export interface SealedFile extends Disposable {
  readonly fd: number;
  readonly size: number;
}

/** A file in memory that is being written. Disposing closes it, also when it was sealed. */
export interface SealedWriter extends SealedFile {
  append(bytes: Uint8Array): void;
  /** Appends the first `size` bytes of a file in memory, which may be this one. */
  appendFrom(fd: number, size: number): void;
  /** Zeros up to the next multiple of four bytes. */
  align(): void;
  /**
   * Appends a file that must be the artifact: it is hashed as it is copied.
   *
   * @throws {PlasmdError} `mismatch` where it differs; the writer can't be used then
   */
  appendArtifact(path: string, artifact: ManifestArtifact, options?: CopyOptions): Promise<void>;
  seal(): SealedFile;
}

/** How a file is copied. */
export interface CopyOptions {
  readonly signal?: AbortSignal;
}

/** Opens an empty file in memory. */
export function openSealed(libc: Libc, name: string): SealedWriter {
  let size = 0;
  const fd = inMemory(name, () => libc.memfd(name));
  const append = (bytes: Uint8Array) => {
    inMemory(name, () => libc.write(fd, bytes as Uint8Array<ArrayBuffer>));
    size += bytes.length;
  };
  const close = once(() => libc.close(fd));
  return {
    fd,
    get size() {
      return size;
    },
    append,
    appendFrom: (from, length) => inMemory(name, () => copyBytes(libc, from, length, append)),
    align: () => append(new Uint8Array((4 - size % 4) % 4)),
    appendArtifact: (path, artifact, options) => copyArtifact(path, artifact, append, options),
    seal() {
      inMemory(name, () => libc.seal(fd));
      return { fd, size, [Symbol.dispose]: close };
    },
    [Symbol.dispose]: close,
  };
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}

function inMemory<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof SystemCallError)) throw thrown;
    throw new PlasmdError("unsupported", `Cannot hold the ${name} in memory: ${thrown.message}`, {
      cause: thrown,
      hint: "stop what takes memory, or use a smaller image",
    });
  }
}

function copyBytes(
  libc: Libc,
  from: number,
  size: number,
  append: (bytes: Uint8Array) => void,
): void {
  const buffer = new Uint8Array(Math.min(size, bootLimits.copyBytes));
  for (let done = 0; done < size;) {
    const wanted = buffer.subarray(0, Math.min(buffer.length, size - done));
    const read = libc.read(from, wanted, done);
    if (read === 0) throw new RangeError(`The file has ${done} bytes, ${size} were asked for`);
    append(wanted.subarray(0, read));
    done += read;
  }
}

async function copyArtifact(
  path: string,
  artifact: ManifestArtifact,
  append: (bytes: Uint8Array) => void,
  { signal }: CopyOptions = {},
): Promise<void> {
  const file = await open(path, "r").catch((thrown) => {
    throw toPlasmdError(thrown, `Cannot read "${path}"`);
  });
  try {
    const { digest, size } = await copyHashed(file, artifact.size, append, signal);
    // DESIGN 9: the whole hash of the very bytes that are loaded.
    if (size === artifact.size && `sha256:${digest}` === artifact.hash) return;
  } finally {
    await file.close();
  }
  throw new PlasmdError("mismatch", `Cannot use "${path}": it is not what the manifest describes`, {
    hint: "fetch it again",
  });
}

/** Copies up to one byte more than `size`, so that a longer file shows. */
async function copyHashed(
  file: FileHandle,
  size: number,
  append: (bytes: Uint8Array) => void,
  signal: AbortSignal | undefined,
): Promise<{ digest: string; size: number }> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(bootLimits.copyBytes);
  let done = 0;
  while (done <= size) {
    signal?.throwIfAborted();
    const wanted = Math.min(buffer.length, size + 1 - done);
    const { bytesRead } = await file.read(buffer, 0, wanted, done);
    if (bytesRead === 0) break;
    const part = buffer.subarray(0, bytesRead);
    hash.update(part);
    append(part);
    done += bytesRead;
  }
  return { digest: hash.digest("hex"), size: done };
}
