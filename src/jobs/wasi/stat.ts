/**
 * `filestat`: what a node is, and its times.
 *
 * @module
 */

import { errno, fail, fstflags } from "./abi.ts";
import type { GuestMemory } from "./memory.ts";
import { sizeOf, type Tree, type TreeNode, typeOf } from "./tree.ts";

/** Writes the 64 bytes of a node's `filestat`. */
export function writeStat(memory: GuestMemory, into: number, node: TreeNode): void {
  memory.bytes(into, 64).fill(0);
  memory.setU64(into, 1n); // one device
  memory.setU64(into + 8, node.ino);
  memory.setU8(into + 16, typeOf(node));
  memory.setU64(into + 24, BigInt(node.links));
  memory.setU64(into + 32, BigInt(sizeOf(node)));
  memory.setU64(into + 40, node.atim);
  memory.setU64(into + 48, node.mtim);
  memory.setU64(into + 56, node.ctim);
}

/** Sets the times that the flags name. Fails with EINVAL where a time is set twice. */
export function setTimes(
  tree: Tree,
  node: TreeNode,
  atim: bigint,
  mtim: bigint,
  flags: number,
): void {
  const given = (flag: number) => (flags & flag) !== 0;
  if ((flags & ~15) !== 0) fail(errno.inval);
  if (given(fstflags.atim) && given(fstflags.atim_now)) fail(errno.inval);
  if (given(fstflags.mtim) && given(fstflags.mtim_now)) fail(errno.inval);
  const now = tree.now();
  if (given(fstflags.atim)) node.atim = BigInt.asUintN(64, atim);
  if (given(fstflags.atim_now)) node.atim = now;
  if (given(fstflags.mtim)) node.mtim = BigInt.asUintN(64, mtim);
  if (given(fstflags.mtim_now)) node.mtim = now;
  node.ctim = now;
}
