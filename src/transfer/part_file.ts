/**
 * A file that is being fetched: `kernel.part` until all of it is verified, then `kernel`. What a
 * killed fetch left is looked at again, and nothing in it is believed without its hash.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { chunkCount, chunkHash, type ManifestArtifact } from "../formats/manifest.ts";
import { equalBytes } from "../lib/bytes.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { transferLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";

/** A file being fetched, open. */
export interface PartFile extends AsyncDisposable {
  /** Where it lies now. */
  readonly path: string;
  /** Bytes of it that the disk holds already. */
  allocated(): Promise<number>;
  /** Writes all the bytes at a position. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** The chunks in it whose hashes are right. */
  goodChunks(artifact: ManifestArtifact, options: CheckOptions): Promise<number[]>;
  /** Flushes it to the disk and cuts what lies beyond `size`. */
  seal(size: number): Promise<void>;
}

/** How bytes on disk are checked. */
export interface CheckOptions {
  readonly signal: AbortSignal;
  /** Gets the bytes that were looked at, each time. */
  readonly onChecked?: (bytes: number) => void;
}

/** The path of an artifact's unfinished file. */
export function partPath(directory: string, name: string): string {
  return join(directory, `${name}.part`);
}

/**
 * Opens the unfinished file of an artifact; makes it where there is none.
 *
 * @throws {PlasmdError} `io`, `permission` or `no_space`
 */
export async function openPart(directory: string, name: string): Promise<PartFile> {
  const path = partPath(directory, name);
  const file = await doing(path, () => openPlain(path));
  const flusher = startFlusher(file);
  return {
    path,
    async allocated() {
      const { size, blocks } = await file.stat();
      return Math.min(size, blocks * 512);
    },
    write: (bytes, at) =>
      doing(path, async () => {
        await writeAll(file, bytes, at);
        flusher.wrote(bytes.length);
      }),
    goodChunks: (artifact, options) => doing(path, () => goodChunks(file, artifact, options)),
    seal: (size) =>
      doing(path, async () => {
        await file.truncate(size);
        await flusher.settled();
        await file.sync();
      }),
    async [Symbol.asyncDispose]() {
      await flusher.settled().catch(() => {}); // Said by seal, where it still matters.
      await file.close();
    },
  };
}

/** Brings what was written to the disk while more comes, so that a power cut costs little. */
function startFlusher(file: fs.FileHandle) {
  let waiting = 0;
  let running: Promise<void> | undefined;
  let failed: { readonly why: unknown } | undefined;
  return {
    wrote(bytes: number): void {
      waiting += bytes;
      if (waiting < transferLimits.flushBytes || running !== undefined) return;
      waiting = 0;
      running = file.datasync()
        .catch((why) => void (failed = { why }))
        .finally(() => running = undefined);
    },
    /** Throws what a flush has met: the system tells it only once. */
    async settled(): Promise<void> {
      await running;
      if (failed !== undefined) throw failed.why;
    },
  };
}

async function openPlain(path: string): Promise<fs.FileHandle> {
  // Links aren't followed, and a pipe must not hang us.
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await fs.open(path, flags, 0o644);
  const stat = await file.stat();
  if (stat.isFile() && stat.nlink === 1) return file;
  await file.close();
  throw new PlasmdError("io", "it is no regular file of its own", {
    hint: "remove it, or give another directory with --output",
  });
}

async function doing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = toPlasmdError(thrown);
    if (error.code === "cancelled" || error.code === "internal") throw thrown;
    throw new PlasmdError(error.code, `Cannot write "${printable(path)}": ${error.message}`, {
      cause: thrown,
      hint: error.hint,
    });
  }
}

async function writeAll(file: fs.FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

async function goodChunks(
  file: fs.FileHandle,
  artifact: ManifestArtifact,
  { signal, onChecked }: CheckOptions,
): Promise<number[]> {
  const { size } = await file.stat();
  const good: number[] = [];
  const buffer = new Uint8Array(Math.min(artifact.chunks.size, transferLimits.readBytes));
  for (let index = 0; index < chunkCount(artifact); index++) {
    const start = index * artifact.chunks.size;
    const end = Math.min(start + artifact.chunks.size, artifact.size);
    if (end > size) break;
    signal.throwIfAborted();
    const digest = await hashRange(file, start, end, buffer);
    if (digest && equalBytes(digest, chunkHash(artifact, index))) good.push(index);
    onChecked?.(end - start);
  }
  return good;
}

async function hashRange(
  file: fs.FileHandle,
  start: number,
  end: number,
  buffer: Uint8Array,
): Promise<Uint8Array | undefined> {
  const hash = createHash("sha256");
  for (let at = start; at < end;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) return undefined;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return new Uint8Array(hash.digest());
}

/**
 * Whether a file is exactly the artifact: its size, and the hash of the whole.
 *
 * @throws {PlasmdError} `io` or `permission` where it is there and can't be read
 */
export async function isArtifact(
  path: string,
  artifact: ManifestArtifact,
  { signal, onChecked }: CheckOptions,
): Promise<"yes" | "no" | "missing"> {
  const file = await openThere(path);
  if (file === undefined) return "missing";
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size !== artifact.size) return "no";
    const hash = createHash("sha256");
    const buffer = new Uint8Array(transferLimits.readBytes);
    for (let at = 0; at < artifact.size;) {
      signal.throwIfAborted();
      const length = Math.min(buffer.length, artifact.size - at);
      const { bytesRead } = await file.read(buffer, 0, length, at);
      if (bytesRead === 0) return "no";
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
      onChecked?.(bytesRead);
    }
    return `sha256:${hash.digest("hex")}` === artifact.hash ? "yes" : "no";
  } finally {
    await file.close();
  }
}

async function openThere(path: string): Promise<fs.FileHandle | undefined> {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    return await fs.open(path, flags);
  } catch (thrown) {
    if ((thrown as { code?: string }).code === "ENOENT") return undefined;
    throw toPlasmdError(thrown, `Cannot read "${printable(path)}"`);
  }
}
