/**
 * Files that a job sees: a tree in memory, gone with the job.
 *
 * @module
 */

import { errno, fail, filetype } from "./abi.ts";

/** What all nodes have. Times are nanoseconds since 1970. */
interface NodeBase {
  readonly ino: bigint;
  links: number;
  atim: bigint;
  mtim: bigint;
  ctim: bigint;
}

/** A regular file; `size` of its `bytes` count. */
export interface FileNode extends NodeBase {
  readonly type: "file";
  bytes: Uint8Array;
  size: number;
}

/** A directory. Entries keep the order in which they came. */
export interface DirectoryNode extends NodeBase {
  readonly type: "directory";
  readonly entries: Map<string, TreeNode>;
  parent: DirectoryNode;
}

/** A symbolic link. */
export interface LinkNode extends NodeBase {
  readonly type: "link";
  readonly target: string;
}

/** Anything in the tree. */
export type TreeNode = FileNode | DirectoryNode | LinkNode;

/** A tree, how much it may hold, and what time it is. */
export interface Tree {
  readonly root: DirectoryNode;
  makeFile(): FileNode;
  makeDirectory(parent: DirectoryNode): DirectoryNode;
  makeLink(target: string): LinkNode;
  /** Grows or shrinks a file; new bytes are zero. Fails with ENOSPC above the tree's limit. */
  resize(file: FileNode, size: number): void;
  /** Counts a node that is gone: there may be another. */
  gone(): void;
  now(): bigint;
}

/** Most nodes of a tree: a loop that makes empty files must not eat all memory. */
const nodesMost = 100_000;

/** Makes an empty tree that holds at most `bytesMost` bytes. */
export function makeTree(bytesMost: number, now: () => bigint): Tree {
  let next = 1n;
  let nodes = 0;
  let held = 0;
  const base = (): NodeBase => {
    if (nodes >= nodesMost) fail(errno.nospc);
    nodes++;
    const time = now();
    return { ino: next++, links: 1, atim: time, mtim: time, ctim: time };
  };
  const makeDirectory = (parent?: DirectoryNode): DirectoryNode => {
    const node = { ...base(), type: "directory", entries: new Map() } as unknown as DirectoryNode;
    node.parent = parent ?? node;
    return node;
  };
  return {
    root: makeDirectory(),
    makeFile: () => ({ ...base(), type: "file", bytes: new Uint8Array(), size: 0 }),
    makeDirectory,
    makeLink: (target) => ({ ...base(), type: "link", target }),
    resize(file, size) {
      if (held + size - file.size > bytesMost) fail(errno.nospc);
      if (size > file.bytes.length) file.bytes = moved(file, size);
      else if (size < file.size) file.bytes.fill(0, size, file.size);
      held += size - file.size;
      file.size = size;
    },
    gone: () => void nodes--,
    now,
  };
}

/** A file's bytes with room for more, some of it for later. */
function moved({ bytes, size }: FileNode, least: number): Uint8Array {
  const room = Math.max(least, Math.min(bytes.length * 2, bytes.length + (16 << 20)));
  try {
    const larger = new Uint8Array(room);
    larger.set(bytes.subarray(0, size));
    return larger;
  } catch {
    // More than there is, whatever the limit is.
    return fail(errno.nospc);
  }
}

/** The file type of a node as a number. */
export function typeOf(node: TreeNode): number {
  if (node.type === "file") return filetype.regular_file;
  return node.type === "directory" ? filetype.directory : filetype.symbolic_link;
}

/** The size that `filestat` reports. */
export function sizeOf(node: TreeNode): number {
  if (node.type === "file") return node.size;
  return node.type === "link" ? new TextEncoder().encode(node.target).length : 0;
}

/** Puts a node under a name; the directory's time changes. */
export function enter(tree: Tree, directory: DirectoryNode, name: string, node: TreeNode): void {
  directory.entries.set(name, node);
  directory.mtim = directory.ctim = tree.now();
}

/** Takes a name away; the node lives on where it is open. */
export function remove(tree: Tree, directory: DirectoryNode, name: string): void {
  const node = directory.entries.get(name)!;
  directory.entries.delete(name);
  node.links--;
  node.ctim = directory.mtim = directory.ctim = tree.now();
  if (node.links > 0) return;
  if (node.type === "file") forget(tree, node);
  else tree.gone();
}

/** Files whose last name is gone give their room back once nobody reads them. */
const open = new WeakMap<FileNode, number>();

/** Counts an open descriptor of a file. */
export function holdFile(file: FileNode): void {
  open.set(file, (open.get(file) ?? 0) + 1);
}

/** Ends one; frees the file where it has neither name nor descriptor. */
export function releaseFile(tree: Tree, file: FileNode): void {
  open.set(file, (open.get(file) ?? 1) - 1);
  forget(tree, file);
}

function forget(tree: Tree, file: FileNode): void {
  if (file.links > 0 || (open.get(file) ?? 0) > 0) return;
  tree.resize(file, 0);
  file.bytes = new Uint8Array();
  tree.gone();
}
