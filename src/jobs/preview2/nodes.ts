/**
 * What `wasi:filesystem/types` says of files and directories, and how it asks for them.
 *
 * @module
 */

import { type DirectoryNode, sizeOf, type TreeNode } from "../wasi/tree.ts";
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
export function nanosecondsOf({ seconds, nanoseconds }: Datetime): bigint {
  return seconds * 1_000_000_000n + BigInt(nanoseconds);
}

/** `descriptor-stat` of a node. */
export function statOf(node: TreeNode) {
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
