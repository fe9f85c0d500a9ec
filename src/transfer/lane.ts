/**
 * One provider streaming one run of chunks into a file: each chunk is hashed as it comes, and
 * written only when its hash is the manifest's. DESIGN 9.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { chunkHash } from "../formats/manifest.ts";
import { equalBytes } from "../lib/bytes.ts";
import type { Clock } from "../lib/clock.ts";
import { PlasmdError } from "../lib/errors.ts";
import { finish, type Plan, type Run } from "./chunk.ts";
import type { PartFile } from "./part_file.ts";
import type { RangeStream, Wanted } from "./source.ts";
import type { RateLimit, SpeedWatch } from "./speed.ts";

/** What all lanes of one file share. */
export interface LaneShare {
  readonly wanted: Wanted;
  readonly plan: Plan;
  readonly part: PartFile;
  readonly rate: RateLimit;
  readonly clock: Clock;
  /** Most bytes of one read. */
  readonly readBytes: number;
  /** A chunk is verified and written. */
  readonly onWritten: (lane: number, index: number, bytes: number) => void;
}

/** Two buffers of a chunk: one is filled while the other is written. */
export type LaneBuffers = [Uint8Array, Uint8Array];

/** What one lane needs to run. */
export interface LaneRun {
  readonly lane: number;
  readonly run: Run;
  readonly watch: SpeedWatch;
  readonly buffers: LaneBuffers;
  readonly signal: AbortSignal;
}

/** Makes the buffers of a lane. */
export function makeBuffers({ artifact }: Wanted): LaneBuffers {
  const bytes = Math.min(artifact.chunks.size, artifact.size);
  return [new Uint8Array(bytes), new Uint8Array(bytes)];
}

/** Where a chunk begins and ends in its artifact. */
export function chunkRange({ artifact }: Wanted, index: number): { start: number; end: number } {
  const start = index * artifact.chunks.size;
  return { start, end: Math.min(start + artifact.chunks.size, artifact.size) };
}

/**
 * Reads the run's chunks from the stream until the run ends, which others may bring nearer.
 *
 * @throws {PlasmdError} `bad_source` for a chunk whose hash is wrong, `unreachable` where the stream
 * ends early; the errors of the file
 */
export async function streamRun(
  stream: RangeStream,
  share: LaneShare,
  { lane, run, watch, buffers, signal }: LaneRun,
): Promise<void> {
  const read = reader(stream, share, watch, signal);
  await skip(chunkRange(share.wanted, run.at).start - stream.start, buffers[0], read);
  let written: Promise<void> = Promise.resolve();
  try {
    for (let turn = 0; run.at < run.end; turn ^= 1) {
      const index = run.at;
      const { start, end } = chunkRange(share.wanted, index);
      const chunk = buffers[turn]!.subarray(0, end - start);
      const digest = await fill(chunk, read);
      // DESIGN 9: each chunk is verified before it counts.
      if (!equalBytes(digest, chunkHash(share.wanted.artifact, index))) {
        throw wrongChunk(share.wanted, index);
      }
      const fresh = finish(share.plan, lane);
      await written; // The other buffer is free again.
      written = fresh ? keep(share, lane, index, chunk) : Promise.resolve();
      written.catch(() => {}); // It is awaited with the next chunk or at the end.
    }
  } finally {
    await written; // Also where the next chunk failed: a disk's error is the graver one.
  }
}

async function keep(share: LaneShare, lane: number, index: number, chunk: Uint8Array) {
  await share.part.write(chunk, chunkRange(share.wanted, index).start);
  share.onWritten(lane, index, chunk.length);
}

type Read = (into: Uint8Array) => Promise<number>;

/** Reads within the rate, under the watch; the end of the stream is an error here. */
function reader(
  stream: RangeStream,
  { clock, rate, readBytes }: LaneShare,
  watch: SpeedWatch,
  signal: AbortSignal,
): Read {
  const most = Math.min(readBytes, rate.pieceBytes);
  return async (into) => {
    watch.wait(clock.steady());
    const reading = stream.read(into.length > most ? into.subarray(0, most) : into);
    const read = await orStopped(reading, signal);
    watch.got(clock.steady(), read ?? 0);
    if (read === null) throw new PlasmdError("unreachable", "closed the connection in the middle");
    await rate.spend(read, signal);
    return read;
  };
}

/** What the promise brings, or the signal's reason, whichever is first: nobody is waited for in vain. */
export async function orStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {}); // Nobody asks for it any more where the signal was first.
  signal.throwIfAborted();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Drops what comes before the run, where a server sends the whole instead of a range. */
async function skip(bytes: number, buffer: Uint8Array, read: Read): Promise<void> {
  for (let left = bytes; left > 0;) left -= await read(buffer.subarray(0, left));
}

async function fill(chunk: Uint8Array, read: Read): Promise<Uint8Array> {
  const hash = createHash("sha256");
  for (let at = 0; at < chunk.length;) {
    const length = await read(chunk.subarray(at));
    hash.update(chunk.subarray(at, at + length));
    at += length;
  }
  return new Uint8Array(hash.digest());
}

function wrongChunk({ name }: Wanted, index: number): PlasmdError {
  return new PlasmdError("bad_source", `sent wrong bytes in chunk ${index} of "${name}"`);
}
