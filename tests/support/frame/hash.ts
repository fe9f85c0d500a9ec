/**
 * A Worker that hashes the bytes it gets, for {@link ./daemon.ts}.
 *
 * @module
 */

import { sha256Hex } from "../../../src/lib/bytes.ts";

const scope = globalThis as unknown as {
  postMessage(message: string): void;
  onmessage: (event: MessageEvent<Uint8Array>) => void;
};
scope.onmessage = ({ data }) => scope.postMessage(sha256Hex(data));
