/**
 * What jobs write: a file for each stream, read while it grows, whole or gone after a crash.
 *
 * @module
 */

import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "../../lib/files.ts";
import { hexOf } from "./places.ts";
import type { StreamName } from "./types.ts";

/** One stream when the job has ended. */
export interface KeptStream {
  /** `sha256:` of its bytes. */
  readonly hash: string;
  readonly size: number;
}

/** The output of a job that runs. */
export interface OutputWriter {
  /** Takes bytes; they are on their way to the disk. */
  write(stream: StreamName, bytes: Uint8Array): void;
  /** Bytes that can be read. */
  size(stream: StreamName): number;
  /**
   * Waits for the disk and gives the files their names; both streams are safe then.
   *
   * @throws what the disk refused
   */
  keep(): Promise<Record<StreamName, KeptStream>>;
  /** Removes what was written. */
  drop(): Promise<void>;
}

/** How a writer tells what it does. */
export interface OutputListener {
  /** More can be read. */
  readonly onGrown: () => void;
  /** The disk takes no more. */
  readonly onBroken: (thrown: unknown) => void;
}

/** Starts the output of a job, in the place of what an earlier run left. */
export function openOutput(
  directory: string,
  id: string,
  { onGrown, onBroken }: OutputListener,
): OutputWriter {
  const streams = { stdout: startStream(), stderr: startStream() };
  const both = Object.entries(streams) as [StreamName, Stream][];
  let broken: { readonly thrown: unknown } | undefined;
  let closed = false;
  const drain = async (name: StreamName, stream: Stream) => {
    try {
      while (stream.waiting.length > 0 && broken === undefined) {
        const bytes = joined(stream.waiting.splice(0));
        stream.file ??= await fs.open(partOf(directory, id, name), "w", 0o600);
        await stream.file.writeFile(bytes);
        stream.size += bytes.length;
        onGrown();
      }
    } catch (thrown) {
      broken ??= { thrown };
      onBroken(thrown);
    } finally {
      stream.draining = undefined;
    }
  };
  const settle = () => Promise.all(both.map(([, stream]) => stream.draining));
  const close = async () => {
    closed = true;
    await settle();
    for (const [, stream] of both) await stream.file?.close().catch(() => {});
  };
  return {
    write(name, bytes) {
      const stream = streams[name];
      if (closed || broken !== undefined || bytes.length === 0) return;
      stream.hash.update(bytes);
      stream.waiting.push(bytes.slice()); // whose buffer it is may use it again
      stream.draining ??= drain(name, stream);
    },
    size: (name) => streams[name].size,
    async keep() {
      closed = true;
      await settle();
      try {
        if (broken !== undefined) throw broken.thrown;
        for (const [, stream] of both) await stream.file?.sync();
      } finally {
        await close();
      }
      const written = both.filter(([, { file }]) => file !== undefined);
      for (const [name] of written) {
        await fs.rename(partOf(directory, id, name), fileOf(directory, id, name));
      }
      if (written.length > 0) await syncDirectory(directory);
      const kept = ({ hash, size }: Stream) => ({ hash: `sha256:${hash.digest("hex")}`, size });
      return { stdout: kept(streams.stdout), stderr: kept(streams.stderr) };
    },
    async drop() {
      await close();
      await removeOutput(directory, id);
    },
  };
}

/** Bytes of a stream from `start` to before `end`, of a job that runs or has ended. */
export async function readOutput(
  directory: string,
  id: string,
  { stream, start, end }: {
    readonly stream: StreamName;
    readonly start: number;
    readonly end: number;
  },
): Promise<Uint8Array<ArrayBuffer>> {
  const file = await openEither(partOf(directory, id, stream), fileOf(directory, id, stream));
  try {
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
      if (bytesRead === 0) throw new RangeError("The output has no such bytes");
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** Removes all output of a job. */
export async function removeOutput(directory: string, id: string): Promise<void> {
  for (const name of ["stdout", "stderr"] as const) {
    await fs.rm(partOf(directory, id, name), { force: true });
    await fs.rm(fileOf(directory, id, name), { force: true });
  }
}

/** Removes every file that no kept job has: what a crash left. */
export async function sweepOutput(
  directory: string,
  isKept: (id: string) => boolean,
): Promise<number> {
  let removed = 0;
  for (const name of await fs.readdir(directory)) {
    const hex = /^([0-9a-f]{64})\.std(?:out|err)$/.exec(name)?.[1];
    if (hex !== undefined && isKept(`sha256:${hex}`)) continue;
    await fs.rm(join(directory, name), { force: true, recursive: true });
    removed++;
  }
  return removed;
}

interface Stream {
  readonly hash: ReturnType<typeof createHash>;
  /** What the disk hasn't got yet; the limit on output bounds it. */
  readonly waiting: Uint8Array[];
  size: number;
  file?: fs.FileHandle;
  draining?: Promise<void>;
}

function startStream(): Stream {
  return { hash: createHash("sha256"), waiting: [], size: 0 };
}

function fileOf(directory: string, id: string, name: StreamName): string {
  return join(directory, `${hexOf(id)}.${name}`);
}

function partOf(directory: string, id: string, name: StreamName): string {
  return `${fileOf(directory, id, name)}.part`;
}

/** The file gets its last name when the job ends, perhaps between two looks. */
async function openEither(part: string, whole: string): Promise<fs.FileHandle> {
  return await fs.open(part, "r").catch(() => fs.open(whole, "r"));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
