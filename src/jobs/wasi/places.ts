/**
 * What is done to a place in the tree, whoever asks: names are made, taken away and moved.
 *
 * @module
 */

import { errno, fail } from "./abi.ts";
import { existing, type Place, resolvePath } from "./paths.ts";
import {
  type DirectoryNode,
  enter,
  type FileNode,
  remove,
  type Tree,
  type TreeNode,
} from "./tree.ts";

/** Makes a directory. */
export function makeDirectory(tree: Tree, to: Place): void {
  if (to.node !== undefined) fail(errno.exist);
  enter(tree, to.directory, to.name, tree.makeDirectory(to.directory));
}

/** Makes an empty file. */
export function makeFile(tree: Tree, { directory, name, wantsDirectory }: Place): FileNode {
  if (wantsDirectory) fail(errno.isdir);
  const file = tree.makeFile();
  enter(tree, directory, name, file);
  return file;
}

/** Makes a symbolic link. */
export function makeLink(tree: Tree, target: string, to: Place): void {
  if (target.startsWith("/")) fail(errno.notcapable);
  if (to.node !== undefined) fail(errno.exist);
  if (to.wantsDirectory) fail(errno.noent);
  enter(tree, to.directory, to.name, tree.makeLink(target));
}

/** Gives a node another name. */
export function link(tree: Tree, node: TreeNode, to: Place): void {
  if (node.type === "directory") fail(errno.perm);
  if (to.node !== undefined) fail(errno.exist);
  if (to.wantsDirectory) fail(errno.noent);
  node.links++;
  enter(tree, to.directory, to.name, node);
}

/** Removes an empty directory. */
export function removeDirectory(tree: Tree, found: Place): void {
  const node = existing(found);
  if (node.type !== "directory") fail(errno.notdir);
  if (found.name === ".") fail(errno.inval);
  if (node.entries.size > 0) fail(errno.notempty);
  remove(tree, found.directory, found.name);
}

/** Takes the name of a file or link away. */
export function unlink(tree: Tree, found: Place): void {
  if (found.node === undefined) fail(errno.noent);
  if (found.node.type === "directory") fail(errno.isdir);
  if (found.wantsDirectory) fail(errno.notdir);
  remove(tree, found.directory, found.name);
}

/** Puts a file that a job is given under its path; directories are made. */
export function placeFile(tree: Tree, path: string, bytes: Uint8Array): void {
  const parts = path.split("/");
  let directory = tree.root;
  for (const part of parts.slice(0, -1)) {
    const there = directory.entries.get(part);
    const next = there?.type === "directory" ? there : tree.makeDirectory(directory);
    if (next !== there) enter(tree, directory, part, next);
    directory = next;
  }
  const file = tree.makeFile();
  tree.resize(file, bytes.length);
  file.bytes.set(bytes);
  enter(tree, directory, parts.at(-1)!, file);
  resolvePath(tree.root, path, false);
}

/** rename(2): a file over a file, a directory over an empty directory, never into itself. */
export function rename(tree: Tree, from: Place, to: Place): void {
  const node = existing(from);
  if (from.name === "." || to.name === ".") fail(errno.inval);
  if (to.node === node) return;
  if (node.type === "directory" && isInside(to.directory, node)) fail(errno.inval);
  if (node.type !== "directory" && to.wantsDirectory) fail(errno.notdir);
  if (to.node !== undefined) replace(node, to.node);
  if (to.node !== undefined) remove(tree, to.directory, to.name);
  from.directory.entries.delete(from.name);
  from.directory.mtim = from.directory.ctim = tree.now();
  enter(tree, to.directory, to.name, node);
  if (node.type === "directory") node.parent = to.directory;
}

function replace(node: TreeNode, target: TreeNode): void {
  if (node.type === "directory") {
    if (target.type !== "directory") fail(errno.notdir);
    if (target.entries.size > 0) fail(errno.notempty);
  } else if (target.type === "directory") fail(errno.isdir);
}

function isInside(directory: DirectoryNode, of: DirectoryNode): boolean {
  let at = directory;
  while (at !== of && at.parent !== at) at = at.parent;
  return at === of;
}
