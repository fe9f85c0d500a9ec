/**
 * Paths below a directory descriptor: no way out, by `..` or by a link.
 *
 * @module
 */

import { errno, fail } from "./abi.ts";
import type { DirectoryNode, TreeNode } from "./tree.ts";

/** Where a path leads: a name in a directory, and what is there now. */
export interface Place {
  readonly directory: DirectoryNode;
  /** The last part; "." where the path is the directory itself. */
  readonly name: string;
  readonly node: TreeNode | undefined;
  /** Whether the path ends with a slash, so that only a directory will do. */
  readonly wantsDirectory: boolean;
}

const linksMost = 32;
const pathBytesMost = 4096;
const nameBytesMost = 255;

/**
 * Finds the place of a path below `base`. With `follow`, a link at its end is followed.
 *
 * Fails with ENOTCAPABLE for an absolute path or one that leaves `base`, ENOENT, ENOTDIR, ELOOP.
 */
export function resolvePath(base: DirectoryNode, path: string, follow: boolean): Place {
  if (new TextEncoder().encode(path).length > pathBytesMost) fail(errno.nametoolong);
  if (path.includes("\0")) fail(errno.ilseq);
  if (path === "") fail(errno.noent);
  const place = walk(base, path, follow, { links: 0 });
  // A directory that was removed while it was open takes nothing new.
  if (place.node === undefined && place.directory.links === 0) fail(errno.noent);
  return place;
}

function walk(base: DirectoryNode, path: string, follow: boolean, seen: { links: number }): Place {
  if (path.startsWith("/")) fail(errno.notcapable);
  let directory = base;
  let parts = path.split("/").filter((part) => part !== "");
  let wantsDirectory = path.endsWith("/");
  while (parts.length > 0) {
    const [part, ...rest] = parts as [string, ...string[]];
    const last = rest.length === 0;
    if (new TextEncoder().encode(part).length > nameBytesMost) fail(errno.nametoolong);
    if (part === "." || part === "..") {
      if (part === "..") {
        // A directory that was opened is a root of its own: `..` never passes it.
        if (directory === base) fail(errno.notcapable);
        directory = directory.parent;
      }
      if (last) return { directory, name: ".", node: directory, wantsDirectory: true };
      parts = rest;
      continue;
    }
    const node = directory.entries.get(part);
    if (node?.type === "link" && (!last || follow || wantsDirectory)) {
      if (++seen.links > linksMost) fail(errno.loop);
      if (node.target === "") fail(errno.noent);
      if (node.target.startsWith("/")) fail(errno.notcapable);
      wantsDirectory ||= last && node.target.endsWith("/");
      parts = [...node.target.split("/").filter((one) => one !== ""), ...rest];
      continue;
    }
    if (last) return { directory, name: part, node, wantsDirectory };
    if (node === undefined) fail(errno.noent);
    if (node.type !== "directory") fail(errno.notdir);
    directory = node;
    parts = rest;
  }
  return { directory, name: ".", node: directory, wantsDirectory: true };
}

/** The node at a place. Fails with ENOENT, or ENOTDIR where a slash asked for a directory. */
export function existing({ node, wantsDirectory }: Place): TreeNode {
  if (node === undefined) fail(errno.noent);
  if (wantsDirectory && node.type !== "directory") fail(errno.notdir);
  return node;
}
