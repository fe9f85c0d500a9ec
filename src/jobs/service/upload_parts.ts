/**
 * Uploads that come in parts, one behind the other: what each has, and the room it keeps. They go on
 * after a restart.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import * as fs from "node:fs/promises";
import type { Deps } from "../../lib/deps.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobServiceLimits } from "../../lib/limits.ts";
import type { BlobKey, BlobStore } from "./blob_store.ts";
import type { BlobRange } from "./types.ts";
import { hashFile, writePart } from "./upload_file.ts";

/** The uploads in parts. Work on one blob comes in turn. */
export interface UploadParts {
  /** How many there are, of one submitter or in all. */
  count(submitter?: string): number;
  /** Bytes that one has. */
  have(key: BlobKey): number;
  /**
   * Takes a part; returns the hash of the whole after the last one.
   *
   * @throws {PlasmdError} `range` where another part is next, `too_many` where there is no room
   */
  take(key: BlobKey, range: BlobRange, bytes: Uint8Array): Promise<Hash | undefined>;
  /** Throws one away, with its file, and gives its room back. */
  drop(key: BlobKey): Promise<void>;
  /** Goes on with a file that an earlier run left. Returns its size where it is the whole blob. */
  adopt(key: BlobKey): Promise<number | undefined>;
  /** Whether one is there and has not stopped. */
  isAlive(key: BlobKey): boolean | undefined;
}

interface Part {
  readonly submitter: string;
  /** Bytes of the whole; after a restart nobody has said them again yet. */
  size?: number;
  have: number;
  readonly hash: Hash;
  room: Disposable;
  touched: number;
}

/** Uploads whose files lie where `fileOf` says. */
export function makeParts(
  fileOf: (key: BlobKey) => string,
  blobs: Pick<BlobStore, "reserve">,
  { clock }: Pick<Deps, "clock">,
): UploadParts {
  const parts = new Map<string, Part>();
  const drop = async (key: BlobKey) => {
    parts.get(fileOf(key))?.room[Symbol.dispose]();
    parts.delete(fileOf(key));
    await fs.rm(fileOf(key), { force: true });
  };
  const begin = async (key: BlobKey, size: number) => {
    await drop(key);
    const room = blobs.reserve(key.submitter, size);
    const { submitter } = key;
    const hash = createHash("sha256");
    parts.set(fileOf(key), { submitter, size, room, hash, have: 0, touched: clock.steady() });
  };
  return {
    count: (submitter) =>
      submitter === undefined
        ? parts.size
        : [...parts.values()].filter((part) => part.submitter === submitter).length,
    have: (key) => parts.get(fileOf(key))?.have ?? 0,
    async take(key, range, bytes) {
      if (range.start === 0) await begin(key, range.size);
      const part = parts.get(fileOf(key));
      if (part !== undefined && part.size === undefined) {
        part.room[Symbol.dispose]();
        part.room = blobs.reserve(key.submitter, range.size);
        part.size = range.size;
      }
      if (part?.have !== range.start || part.size !== range.size) {
        throw new PlasmdError("range", `The next part of this blob starts at ${part?.have ?? 0}`);
      }
      const last = range.start + bytes.length === range.size;
      await writePart(fileOf(key), bytes, { start: range.start, last });
      part.hash.update(bytes);
      part.have += bytes.length;
      part.touched = clock.steady();
      return last ? part.hash : undefined;
    },
    drop,
    async adopt(key) {
      const { size } = await fs.stat(fileOf(key));
      const room = blobs.reserve(key.submitter, size);
      const hash = await hashFile(fileOf(key));
      const { submitter } = key;
      parts.set(fileOf(key), { submitter, room, hash, have: size, touched: clock.steady() });
      return `sha256:${hash.copy().digest("hex")}` === key.digest ? size : undefined;
    },
    isAlive(key) {
      const part = parts.get(fileOf(key));
      if (part === undefined) return undefined;
      return part.touched > clock.steady() - jobServiceLimits.uploadIdleMs;
    },
  };
}
