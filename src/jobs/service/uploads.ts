/**
 * Input on its way: a file for each upload, whole or in parts, taken over once it is verified.
 *
 * @module
 */

import type { Hash } from "node:crypto";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import type { Deps } from "../../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import { jobServiceLimits as limits } from "../../lib/limits.ts";
import type { BlobKey, BlobStore } from "./blob_store.ts";
import { hexOf } from "./places.ts";
import type { BlobProgress, BlobRange } from "./types.ts";
import { writeWhole } from "./upload_file.ts";
import { makeParts } from "./upload_parts.ts";

/** Uploads of blobs. One after another for each blob: whoever comes second finds it there. */
export interface Uploads {
  /** Takes a whole blob. */
  put(
    key: BlobKey,
    size: number,
    body: AsyncIterable<Uint8Array>,
    options: { readonly signal: AbortSignal },
  ): Promise<void>;
  /** Takes the next part of one. */
  putRange(key: BlobKey, range: BlobRange, bytes: Uint8Array): Promise<BlobProgress>;
  /** How far one is. */
  progress(key: BlobKey): Promise<BlobProgress>;
  /** Throws away uploads that no job waits for, or that have stopped. */
  sweep(isWanted: (key: BlobKey) => boolean): Promise<void>;
}

/** Uploads into a directory, on their way into the store. */
export function openUploads(
  directory: string,
  blobs: BlobStore,
  deps: Pick<Deps, "clock" | "log">,
): Uploads {
  const fileOf = ({ submitter, digest }: BlobKey) =>
    join(directory, `${hexOf(submitter)}-${hexOf(digest)}.part`);
  const parts = makeParts(fileOf, blobs, deps);
  const { inTurn, isBusy } = makeTurns(fileOf);
  const count = makeCounter(parts.count);

  async function finish(key: BlobKey, size: number, hash: Hash): Promise<void> {
    if (`sha256:${hash.digest("hex")}` !== key.digest) {
      throw new PlasmdError("mismatch", "The bytes are not those of the digest");
    }
    deps.log.debug("A blob is complete", { digest: key.digest });
    await blobs.add(key, size, fileOf(key));
  }

  /** Runs an upload; where it fails, nothing is left of it. */
  async function orDrop<T>(key: BlobKey, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      const error = toPlasmdError(thrown, "Cannot take the blob");
      if (error.code !== "range") await parts.drop(key);
      throw error;
    }
  }

  /** The last part may have come just before a crash. */
  async function adopt(key: BlobKey): Promise<void> {
    try {
      const size = await parts.adopt(key);
      if (size === undefined) return;
      await blobs.add(key, size, fileOf(key));
      await parts.drop(key);
    } catch (thrown) {
      deps.log.warn("An upload can't go on", { reason: toPlasmdError(thrown).message });
      await parts.drop(key);
    }
  }

  return {
    put: (key, size, body, { signal }) =>
      inTurn(key, async () => {
        if (signal.aborted) throw toPlasmdError(signal.reason);
        if (blobs.has(key)) return;
        using _counted = count(key);
        await orDrop(key, async () => {
          await parts.drop(key); // what came in parts makes way
          using _room = blobs.reserve(key.submitter, size);
          await finish(key, size, await writeWhole(fileOf(key), size, body, signal));
        });
      }),
    putRange: (key, range, bytes) =>
      inTurn(key, async () => {
        if (blobs.has(key)) return { have: range.size, complete: true };
        if (range.start + bytes.length > range.size) {
          throw new PlasmdError("malformed", "The part ends beyond the blob");
        }
        using _counted = range.start === 0 ? count(key) : undefined;
        return await orDrop(key, async () => {
          const hash = await parts.take(key, range, bytes);
          if (hash === undefined) return { have: parts.have(key), complete: false };
          await finish(key, range.size, hash);
          await parts.drop(key); // the blob itself counts now
          return { have: range.size, complete: true };
        });
      }),
    progress: (key) =>
      inTurn(key, () => Promise.resolve({ have: parts.have(key), complete: blobs.has(key) })),
    async sweep(isWanted) {
      for (const name of await fs.readdir(directory)) {
        const key = keyOf(name);
        if (key === undefined) await fs.rm(join(directory, name), { force: true, recursive: true });
        else if (!isBusy(key)) {
          await inTurn(key, async () => {
            const alive = parts.isAlive(key);
            if (!isWanted(key) || alive === false) await parts.drop(key);
            else if (alive === undefined) await adopt(key);
          });
        }
      }
    },
  };
}

function keyOf(name: string): BlobKey | undefined {
  const [, submitter, digest] = /^([0-9a-f]{64})-([0-9a-f]{64})\.part$/.exec(name) ?? [];
  if (submitter === undefined) return undefined;
  return { submitter: `ed25519:${submitter}`, digest: `sha256:${digest}` };
}

/** Work on one blob, one after another. */
function makeTurns(nameOf: (key: BlobKey) => string) {
  const turns = new Map<string, Promise<unknown>>();
  return {
    isBusy: (key: BlobKey) => turns.has(nameOf(key)),
    async inTurn<T>(key: BlobKey, work: () => Promise<T>): Promise<T> {
      const name = nameOf(key);
      const turn = (turns.get(name) ?? Promise.resolve()).catch(() => {}).then(work);
      turns.set(name, turn);
      try {
        return await turn;
      } finally {
        if (turns.get(name) === turn) turns.delete(name);
      }
    },
  };
}

/** Counts uploads that are being written, with those in parts. */
function makeCounter(partsOf: (submitter?: string) => number): (key: BlobKey) => Disposable {
  const active: string[] = [];
  return ({ submitter }) => {
    const own = active.filter((one) => one === submitter).length + partsOf(submitter);
    if (own >= limits.uploadsPerSubmitter || active.length + partsOf() >= limits.uploads) {
      throw new PlasmdError("too_many", "Too many uploads at one time", {
        hint: "finish some of them first",
      });
    }
    active.push(submitter);
    return { [Symbol.dispose]: () => void active.splice(active.indexOf(submitter), 1) };
  };
}
