/**
 * The entry of the Worker that hashes a file while it is still being written, as far as it is told.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { errorData } from "../lib/errors.ts";
import type { FollowMessage, FollowRequest } from "./follow.ts";

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<FollowRequest>) => void) | null;
  postMessage(message: FollowMessage): void;
};

const hash = createHash("sha256");
const buffer = new Uint8Array(256 * 1024);
let file: number | undefined;
let at = 0;

function hashUpTo(end: number): void {
  while (at < end) {
    const read = readSync(file!, buffer, 0, Math.min(buffer.length, end - at), at);
    if (read === 0) throw new Error("the file is shorter than it was");
    hash.update(buffer.subarray(0, read));
    at += read;
  }
}

scope.onmessage = ({ data }) => {
  try {
    file ??= openSync(data.path, constants.O_RDONLY | constants.O_NOFOLLOW);
    hashUpTo(data.end);
    if (!data.last) return;
    closeSync(file);
    scope.postMessage({ digest: hash.digest("hex") });
  } catch (thrown) {
    scope.postMessage({ error: errorData(thrown) });
  }
};
