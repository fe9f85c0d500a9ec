/**
 * Bytes of a file in the tree, read and written.
 *
 * @module
 */

import { errno, fail } from "./abi.ts";
import type { FileNode, Tree } from "./tree.ts";

/** Fills buffers from an offset on; returns how many bytes there were. */
export function readFile(
  tree: Tree,
  file: FileNode,
  offset: bigint,
  buffers: readonly Uint8Array[],
): number {
  let at = offset > BigInt(file.size) ? file.size : Number(offset);
  const start = at;
  for (const buffer of buffers) {
    const part = file.bytes.subarray(at, Math.min(file.size, at + buffer.length));
    buffer.set(part);
    at += part.length;
  }
  file.atim = tree.now();
  return at - start;
}

/** Writes buffers at an offset; returns how many bytes they had. Fails with EFBIG, ENOSPC. */
export function writeFile(
  tree: Tree,
  file: FileNode,
  offset: bigint,
  buffers: readonly Uint8Array[],
): number {
  const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
  if (length === 0) return 0;
  if (offset + BigInt(length) > BigInt(Number.MAX_SAFE_INTEGER)) fail(errno.fbig);
  let at = Number(offset);
  if (at + length > file.size) tree.resize(file, at + length);
  for (const buffer of buffers) {
    file.bytes.set(buffer, at);
    at += buffer.length;
  }
  file.mtim = file.ctim = tree.now();
  return length;
}
