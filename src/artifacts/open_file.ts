/**
 * A file held open under a count of its users, read at any position by many at once.
 *
 * @module
 */

import { closeSync, fstatSync, read as readAt } from "node:fs";
import type { ArtifactName } from "../formats/names.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import type { FileHash } from "./hash.ts";
import { openRegular } from "./hash_file.ts";
import type { OpenArtifact } from "./snapshot.ts";
import { changedError, type FileStamp, sameBytes, stampKey, stampOf } from "./stamp.ts";

/** An open file. Disposing it closes it once nobody holds it any more. */
export interface HeldFile extends Disposable {
  readonly path: string;
  /** The file as it was when it was opened. */
  readonly stamp: FileStamp;
  /** Like {@linkcode OpenArtifact.read}. */
  read(into: Uint8Array, at: number): Promise<number>;
  /** Throws `changed` where the bytes may have changed since the file was opened. */
  check(): void;
  /** Keeps the file open until disposed. */
  acquire(): Disposable;
}

/**
 * Opens a regular file. Another file that takes its name later doesn't matter: this one's bytes
 * stay. One that is written to or truncated is `changed`, for good.
 *
 * @throws {PlasmdError} `io`, `permission`, or `artifacts` where it is no regular file
 */
export function holdFile(path: string): HeldFile {
  const descriptor = openRegular(path);
  const stamp = stampOf(fstatSync(descriptor));
  let holders = 0;
  let changed = false;

  const acquire = (): Disposable => {
    if (holders < 0) throw new PlasmdError("internal", `"${printable(path)}" is closed already`);
    holders++;
    return once(() => {
      if (--holders > 0) return;
      holders = -1;
      closeSync(descriptor);
    });
  };
  const check = () => {
    using _open = acquire();
    changed ||= !sameBytes(stamp, stampOf(fstatSync(descriptor)));
    if (changed) throw changedError(path);
  };
  const own = acquire();
  return {
    path,
    stamp,
    async read(into, at) {
      using _open = acquire();
      const bytes = await readPart(descriptor, path, into, at, stamp.size);
      // DESIGN 6: no byte of a changed file is given out as good, so the check comes after the read.
      check();
      return bytes;
    },
    check,
    acquire,
    [Symbol.dispose]: () => own[Symbol.dispose](),
  };
}

/** Reads what fits, never beyond the size that the file had. */
function readPart(
  descriptor: number,
  path: string,
  into: Uint8Array,
  at: number,
  size: number,
): Promise<number> {
  const length = Math.min(into.length, size - at);
  if (length <= 0) return Promise.resolve(0);
  return new Promise((resolve, reject) => {
    readAt(descriptor, into, 0, length, at, (error, bytes) => {
      if (error) reject(toPlasmdError(error, `Cannot read "${printable(path)}"`));
      else if (bytes === 0) reject(changedError(path)); // it is shorter than it was
      else resolve(bytes);
    });
  });
}

function once(release: () => void): Disposable {
  let released = false;
  return {
    [Symbol.dispose]() {
      if (!released) release();
      released = true;
    },
  };
}

/**
 * The held file as an artifact, if it is the one that was hashed.
 *
 * @throws {PlasmdError} `changed` where it is another one
 */
export function openArtifact(name: ArtifactName, file: HeldFile, hash: FileHash): OpenArtifact {
  if (stampKey(file.stamp) !== stampKey(hash)) {
    throw changedError(file.path, "wait until the file is written, then start again");
  }
  const { size, mtimeMs } = file.stamp;
  return {
    name,
    digest: hash.digest,
    size,
    modified: mtimeMs,
    read: (into, at) => file.read(into, at).catch((thrown) => Promise.reject(told(name, thrown))),
    check: () =>
      Promise.try(() => file.check()).catch((thrown) => Promise.reject(told(name, thrown))),
    acquire: () => file.acquire(),
  };
}

/** DESIGN 7: who downloads an artifact may know what happened to it, and not where it lies. */
function told(name: ArtifactName, thrown: unknown): PlasmdError {
  const { code, hint } = toPlasmdError(thrown);
  const what = code === "changed" ? "was changed after it was hashed" : "can't be read";
  return new PlasmdError(code, `The ${name} ${what}`, { cause: thrown, hint });
}
