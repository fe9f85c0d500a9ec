/**
 * The bytes of an upload on the disk.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import * as fs from "node:fs/promises";
import { PlasmdError } from "../../lib/errors.ts";
import { bytesText } from "../../lib/text.ts";

/**
 * Writes a whole body into a new file, flushed. Returns its hash.
 *
 * @throws {PlasmdError} `mismatch` where it has another size
 */
export async function writeWhole(
  path: string,
  size: number,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<Hash> {
  const hash = createHash("sha256");
  const file = await fs.open(path, "w", 0o600);
  try {
    let have = 0;
    for await (const bytes of abortable(body, signal)) {
      have += bytes.length;
      if (have > size) break; // whoever sends for ever is not listened to
      hash.update(bytes);
      await file.writeFile(bytes);
    }
    if (have !== size) {
      const came = have > size ? "more" : bytesText(have);
      throw new PlasmdError(
        "mismatch",
        `The blob was to have ${bytesText(size)}, and ${came} came`,
      );
    }
    await file.sync();
    return hash;
  } finally {
    await file.close();
  }
}

/** Writes a part into a file; at 0 it is a new one. Flushed where it is the last part. */
export async function writePart(
  path: string,
  bytes: Uint8Array,
  { start, last }: { readonly start: number; readonly last: boolean },
): Promise<void> {
  const file = await fs.open(path, start === 0 ? "w" : "r+", 0o600);
  try {
    for (let at = 0; at < bytes.length;) {
      at += (await file.write(bytes, at, bytes.length - at, start + at)).bytesWritten;
    }
    if (last) await file.sync();
  } finally {
    await file.close();
  }
}

/** The hash of what a file holds so far. */
export async function hashFile(path: string): Promise<Hash> {
  const hash = createHash("sha256");
  const file = await fs.open(path, "r");
  try {
    const bytes = new Uint8Array(1 << 20);
    for (let at = 0;;) {
      const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
      if (bytesRead === 0) return hash;
      hash.update(bytes.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** The same, until the signal aborts: whoever sends nothing must not hold us up. */
async function* abortable<T>(body: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  aborted.catch(() => {});
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const from = body[Symbol.asyncIterator]();
  try {
    signal.throwIfAborted();
    while (true) {
      const step = await Promise.race([from.next(), aborted]);
      if (step.done) return;
      yield step.value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    // Not waited for: a source that hangs would never answer.
    Promise.resolve(from.return?.()).catch(() => {});
  }
}
