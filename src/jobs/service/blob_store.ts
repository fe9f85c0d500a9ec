/**
 * Input of jobs: verified files that belong to their submitter, within a quota.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Deps } from "../../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import { syncDirectory } from "../../lib/files.ts";
import { jobServiceLimits as limits } from "../../lib/limits.ts";
import { bytesText } from "../../lib/text.ts";
import type { Database } from "./database.ts";
import { hexOf } from "./places.ts";

/** Whose blob, and which. */
export interface BlobKey {
  readonly submitter: string;
  readonly digest: string;
}

/** The verified input on the disk. */
export interface BlobStore {
  /** Whether the submitter has sent it. */
  has(key: BlobKey): boolean;
  /** Bytes of all blobs. */
  bytes(): number;
  /**
   * Keeps room until disposed; what no job needs makes way for it, the longest unused first.
   *
   * @throws {PlasmdError} `too_many` where the quota is used up
   */
  reserve(submitter: string, size: number): Disposable;
  /** Takes a whole, verified file over. */
  add(key: BlobKey, size: number, file: string): Promise<void>;
  /**
   * The bytes, verified again.
   *
   * @throws {PlasmdError} `mismatch` where they aren't what they were, `io` where they are gone; the
   * blob is forgotten then
   */
  load(key: BlobKey): Promise<Uint8Array<ArrayBuffer>>;
  /** Notes that a job starts with it. */
  use(key: BlobKey): void;
  /** Removes what no job needs and none has used for long. */
  dropIdle(): void;
  /** Removes files that no row names, and rows without their file: what a crash left. */
  sweep(): Promise<void>;
}

/** What no live job of its submitter needs. */
const idle = `NOT EXISTS (SELECT 1 FROM needs JOIN jobs ON jobs.id = needs.job
  WHERE needs.digest = blobs.digest AND jobs.submitter = blobs.submitter)`;

/** The blobs in a directory, as the database has them. */
export function openBlobs(
  directory: string,
  database: Database,
  { clock, log }: Pick<Deps, "clock" | "log">,
): BlobStore {
  const { run, first, all } = database;
  const reserved = new Map<string, number>();
  const fileOf = ({ submitter, digest }: BlobKey) =>
    join(directory, hexOf(submitter), hexOf(digest));
  const held = (submitter?: string) =>
    Number(
      submitter === undefined
        ? first("SELECT coalesce(sum(size), 0) AS size FROM blobs")!.size
        : first("SELECT coalesce(sum(size), 0) AS size FROM blobs WHERE submitter = :submitter", {
          submitter,
        })!.size,
    );
  // At once, not later: a file of the same name may come in the next moment.
  const remove = ({ submitter, digest }: BlobKey) => {
    run("DELETE FROM blobs WHERE submitter = :submitter AND digest = :digest", {
      submitter,
      digest,
    });
    rmSync(fileOf({ submitter, digest }), { force: true });
  };
  const makeWay = (over: number, submitter?: string) => {
    const candidates = all(
      `SELECT submitter, digest, size FROM blobs WHERE ${idle}
        AND (:submitter IS NULL OR submitter = :submitter) ORDER BY used_at`,
      { submitter: submitter ?? null },
    );
    for (const row of candidates) {
      if (over <= 0) return;
      remove({ submitter: String(row.submitter), digest: String(row.digest) });
      over -= Number(row.size);
    }
  };
  const pending = () => [...reserved.values()].reduce((sum, size) => sum + size, 0);
  const over = (submitter: string, size: number) => ({
    own: held(submitter) + (reserved.get(submitter) ?? 0) + size - limits.blobBytesPerSubmitter,
    all: held() + pending() + size - limits.blobBytes,
  });
  return {
    has: ({ submitter, digest }) =>
      first("SELECT 1 FROM blobs WHERE submitter = :submitter AND digest = :digest", {
        submitter,
        digest,
      }) !== undefined,
    bytes: () => held(),
    reserve(submitter, size) {
      makeWay(over(submitter, size).own, submitter);
      makeWay(over(submitter, size).all);
      const still = over(submitter, size);
      if (still.own > 0 || still.all > 0) {
        const quota = still.own > 0 ? limits.blobBytesPerSubmitter : limits.blobBytes;
        throw new PlasmdError(
          "too_many",
          `There is no room for ${bytesText(size)} of input: ${bytesText(quota)} are in use`,
          { hint: "try again when some of the jobs that need them have ended" },
        );
      }
      reserved.set(submitter, (reserved.get(submitter) ?? 0) + size);
      let given = false;
      return {
        [Symbol.dispose]() {
          if (given) return;
          given = true;
          const left = reserved.get(submitter)! - size;
          if (left === 0) reserved.delete(submitter);
          else reserved.set(submitter, left);
        },
      };
    },
    async add(key, size, file) {
      const target = fileOf(key);
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      renameSync(file, target);
      log.debug("A blob has its name", { digest: key.digest });
      run(
        `INSERT OR REPLACE INTO blobs (submitter, digest, size, used_at)
          VALUES (:submitter, :digest, :size, :now)`,
        { ...key, size, now: clock.now() },
      );
      log.debug("A blob is known", { digest: key.digest });
      await syncDirectory(dirname(target));
    },
    async load(key) {
      try {
        return await readVerified(fileOf(key), key.digest);
      } catch (thrown) {
        remove(key);
        throw toPlasmdError(thrown, "The input is gone");
      }
    },
    use: ({ submitter, digest }) =>
      void run(
        "UPDATE blobs SET used_at = :now WHERE submitter = :submitter AND digest = :digest",
        { submitter, digest, now: clock.now() },
      ),
    dropIdle() {
      const rows = all(
        `SELECT submitter, digest FROM blobs WHERE ${idle} AND used_at <= :before`,
        { before: clock.now() - limits.blobIdleMs },
      );
      for (const row of rows) {
        remove({ submitter: String(row.submitter), digest: String(row.digest) });
      }
    },
    async sweep() {
      const rows = all("SELECT submitter, digest FROM blobs");
      const known = new Map(rows.map(({ submitter, digest }) => {
        const key = { submitter: String(submitter), digest: String(digest) };
        return [fileOf(key), key];
      }));
      for (const own of await fs.readdir(directory)) {
        for (const name of await fs.readdir(join(directory, own))) {
          const path = join(directory, own, name);
          if (!known.delete(path)) await fs.rm(path, { force: true, recursive: true });
        }
      }
      for (const key of known.values()) remove(key);
    },
  };
}

/** Reads in pieces, so that hashing a large file holds up nobody. */
async function readVerified(path: string, digest: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await fs.open(path, "r");
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(size);
    const hash = createHash("sha256");
    for (let at = 0; at < size;) {
      const { bytesRead } = await file.read(bytes, at, Math.min(1 << 20, size - at), at);
      if (bytesRead === 0) throw new PlasmdError("mismatch", "The input was cut");
      hash.update(bytes.subarray(at, at + bytesRead));
      at += bytesRead;
    }
    if (`sha256:${hash.digest("hex")}` === digest) return bytes;
    throw new PlasmdError("mismatch", "The input on the disk is not what was sent");
  } finally {
    await file.close();
  }
}
