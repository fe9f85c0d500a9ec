/**
 * What `wasi:filesystem/types` says of files and directories, and how it asks for them.
 *
 * @module
 */

import { errno, fail } from "../wasi/abi.ts";
import type { Place } from "../wasi/paths.ts";
import { makeFile } from "../wasi/places.ts";
import { type DirectoryNode, sizeOf, type Tree, type TreeNode } from "../wasi/tree.ts";
import { type Datetime, datetime } from "./cli.ts";

/** `descriptor-flags`, those that count. */
export interface DescriptorFlags {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly mutateDirectory?: boolean;
}

/** `path-flags` */
export type PathFlags = { readonly symlinkFollow?: boolean };
/** `open-flags` */
export type OpenFlags = {
  readonly create?: boolean;
  readonly directory?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
};
/** `new-timestamp` */
export type NewTimestamp =
  | { readonly tag: "no-change" | "now" }
  | { readonly tag: "timestamp"; readonly val: Datetime };

/** Nodes of the tree → `descriptor-type`. */
export const typeNames = {
  file: "regular-file",
  directory: "directory",
  link: "symbolic-link",
} as const;

/** `directory-entry-stream`: the entries that were there when it was made. */
export class DirectoryEntryStream {
  readonly #entries: Iterator<[string, TreeNode]>;

  constructor(directory: DirectoryNode) {
    this.#entries = [...directory.entries].values();
  }

  readDirectoryEntry(): { readonly type: string; readonly name: string } | undefined {
    const { value, done } = this.#entries.next();
    return done
      ? undefined
      : { type: typeNames[value[1].type as TreeNode["type"]], name: value[0] };
  }
}

/** A date as nanoseconds since 1970. */
function nanosecondsOf({ seconds, nanoseconds }: Datetime): bigint {
  return seconds * 1_000_000_000n + BigInt(nanoseconds);
}

/** `descriptor-stat` */
export interface Stat {
  readonly type: string;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp: Datetime;
  readonly dataModificationTimestamp: Datetime;
  readonly statusChangeTimestamp: Datetime;
}

/** `descriptor-stat` of a node. */
export function statOf(node: TreeNode): Stat {
  return {
    type: typeNames[node.type],
    linkCount: BigInt(node.links),
    size: BigInt(sizeOf(node)),
    dataAccessTimestamp: datetime(node.atim),
    dataModificationTimestamp: datetime(node.mtim),
    statusChangeTimestamp: datetime(node.ctim),
  };
}

/** The same while a file is the same; another once it was written to. */
export function hashOf(node: TreeNode): { readonly lower: bigint; readonly upper: bigint } {
  return { lower: node.ino, upper: node.mtim };
}

/** Sets the times of a node. */
export function setTimes(
  tree: Tree,
  node: TreeNode,
  access: NewTimestamp,
  modification: NewTimestamp,
): void {
  const now = tree.now();
  const value = (time: NewTimestamp, old: bigint) => {
    if (time.tag === "timestamp") return nanosecondsOf(time.val);
    return time.tag === "now" ? now : old;
  };
  node.atim = value(access, node.atim);
  node.mtim = value(modification, node.mtim);
  node.ctim = now;
}

/** How a node is opened, and how the directory was that it is looked up in. */
export interface OpenRequest {
  readonly open: OpenFlags;
  readonly flags: DescriptorFlags;
  readonly parent: DescriptorFlags;
}

/** The node at a place, as `open-at` wants it; it may be made, or emptied. */
export function openNode(tree: Tree, place: Place, { open, flags, parent }: OpenRequest): TreeNode {
  const mutates = open.create || open.truncate || flags.write || flags.mutateDirectory;
  // wasi:filesystem: "read-only" where the directory was opened without mutate-directory.
  if (mutates && !parent.mutateDirectory) fail(errno.rofs);
  if (open.create && open.directory) fail(errno.inval);
  if (place.node !== undefined && open.create && open.exclusive) fail(errno.exist);
  if (place.node === undefined && !open.create) fail(errno.noent);
  const node = place.node ?? makeFile(tree, place);
  if (node.type === "link") fail(errno.loop);
  if (node.type === "directory") {
    if (open.create || open.truncate || flags.write) fail(errno.isdir);
    return node;
  }
  if (open.directory || place.wantsDirectory) fail(errno.notdir);
  if (open.truncate) {
    tree.resize(node, 0);
    node.mtim = node.ctim = tree.now();
  }
  return node;
}
