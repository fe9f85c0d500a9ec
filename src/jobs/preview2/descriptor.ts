/**
 * `wasi:filesystem/types`: files and directories of the job's tree.
 *
 * @module
 */

import { errno, fail } from "../wasi/abi.ts";
import { readFile, writeFile } from "../wasi/file_bytes.ts";
import type { WasiClocks } from "../wasi/host.ts";
import { existing, type Place, resolvePath } from "../wasi/paths.ts";
import * as places from "../wasi/places.ts";
import {
  type DirectoryNode,
  type FileNode,
  holdFile,
  releaseFile,
  type Tree,
  type TreeNode,
} from "../wasi/tree.ts";
import { fileResult } from "./failures.ts";
import {
  type DescriptorFlags,
  DirectoryEntryStream,
  hashOf,
  type NewTimestamp,
  type OpenFlags,
  openNode,
  type PathFlags,
  setTimes,
  type Stat,
  statOf,
  typeNames,
} from "./nodes.ts";
import { InputStream, OutputStream } from "./streams.ts";

/** Where the files of a run are, and its time. */
export interface Root {
  readonly tree: Tree;
  readonly clocks: WasiClocks;
}

/** Bytes that one call reads at most. */
const chunkBytes = 1 << 20;

/** `descriptor` */
export class Descriptor {
  readonly #root: Root;
  readonly #node: TreeNode;
  readonly #flags: DescriptorFlags;

  constructor(root: Root, node: TreeNode, flags: DescriptorFlags) {
    this.#root = root;
    this.#node = node;
    this.#flags = flags;
    if (node.type === "file") holdFile(node);
  }

  readViaStream(offset: bigint): InputStream {
    return fileResult(() => {
      const file = this.#file("read");
      let at = offset;
      const take = (most: number) => {
        const bytes = this.#take(file, at, most);
        at += BigInt(bytes.length);
        return bytes.length === 0 && most > 0 ? undefined : bytes;
      };
      return new InputStream({ take, drop: this.#hold(file) }, this.#root.clocks);
    });
  }

  writeViaStream(offset: bigint): OutputStream {
    let at = offset;
    return this.#output((file, bytes) => {
      at += BigInt(writeFile(this.#root.tree, file, at, [bytes]));
    });
  }

  appendViaStream(): OutputStream {
    return this.#output((file, bytes) => {
      writeFile(this.#root.tree, file, BigInt(file.size), [bytes]);
    });
  }

  advise(): void {
    fileResult(() => void this.#file());
  }

  syncData(): void {}

  sync(): void {}

  getFlags(): DescriptorFlags {
    return this.#flags;
  }

  getType(): string {
    return typeNames[this.#node.type];
  }

  setSize(size: bigint): void {
    fileResult(() => {
      const { tree } = this.#root;
      const file = this.#file("write");
      if (size > BigInt(Number.MAX_SAFE_INTEGER)) fail(errno.fbig);
      tree.resize(file, Number(size));
      file.mtim = file.ctim = tree.now();
    });
  }

  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    fileResult(() => setTimes(this.#root.tree, this.#node, access, modification));
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    return fileResult(() => {
      const file = this.#file("read");
      const most = length < BigInt(chunkBytes) ? Number(length) : chunkBytes;
      const bytes = this.#take(file, offset, most);
      return [bytes, offset + BigInt(bytes.length) >= BigInt(file.size)];
    });
  }

  write(bytes: Uint8Array, offset: bigint): bigint {
    return fileResult(() =>
      BigInt(writeFile(this.#root.tree, this.#file("write"), offset, [bytes]))
    );
  }

  readDirectory(): DirectoryEntryStream {
    return fileResult(() => new DirectoryEntryStream(this.#directory()));
  }

  createDirectoryAt(path: string): void {
    this.#change(path, (place) => places.makeDirectory(this.#root.tree, place));
  }

  stat(): Stat {
    return statOf(this.#node);
  }

  statAt({ symlinkFollow = false }: PathFlags, path: string): Stat {
    return fileResult(() => statOf(existing(this.#place(path, symlinkFollow))));
  }

  setTimesAt(
    { symlinkFollow = false }: PathFlags,
    path: string,
    access: NewTimestamp,
    modification: NewTimestamp,
  ): void {
    this.#change(
      path,
      (place) => setTimes(this.#root.tree, existing(place), access, modification),
      symlinkFollow,
    );
  }

  linkAt({ symlinkFollow = false }: PathFlags, from: string, to: Descriptor, path: string): void {
    this.#change(from, (place) => {
      if (symlinkFollow) fail(errno.inval);
      places.link(this.#root.tree, existing(place), to.#changing(path));
    });
  }

  openAt(
    { symlinkFollow = false }: PathFlags,
    path: string,
    open: OpenFlags,
    flags: DescriptorFlags,
  ): Descriptor {
    return fileResult(() => {
      const place = this.#place(path, symlinkFollow && !open.exclusive);
      const node = openNode(this.#root.tree, place, { open, flags, parent: this.#flags });
      return new Descriptor(this.#root, node, flags);
    });
  }

  readlinkAt(path: string): string {
    return fileResult(() => {
      const node = existing(this.#place(path, false));
      return node.type === "link" ? node.target : fail(errno.inval);
    });
  }

  removeDirectoryAt(path: string): void {
    this.#change(path, (place) => places.removeDirectory(this.#root.tree, place));
  }

  renameAt(from: string, to: Descriptor, path: string): void {
    this.#change(from, (place) => places.rename(this.#root.tree, place, to.#changing(path)));
  }

  symlinkAt(target: string, path: string): void {
    this.#change(path, (place) => places.makeLink(this.#root.tree, target, place));
  }

  unlinkFileAt(path: string): void {
    this.#change(path, (place) => places.unlink(this.#root.tree, place));
  }

  isSameObject(other: Descriptor): boolean {
    return this.#node === other.#node;
  }

  metadataHash(): { readonly lower: bigint; readonly upper: bigint } {
    return hashOf(this.#node);
  }

  metadataHashAt(
    { symlinkFollow = false }: PathFlags,
    path: string,
  ): { readonly lower: bigint; readonly upper: bigint } {
    return fileResult(() => hashOf(existing(this.#place(path, symlinkFollow))));
  }

  [Symbol.dispose](): void {
    if (this.#node.type === "file") releaseFile(this.#root.tree, this.#node);
  }

  #file(needed?: "read" | "write"): FileNode {
    if (this.#node.type === "directory") fail(needed === undefined ? errno.badf : errno.isdir);
    if (this.#node.type !== "file") fail(errno.badf);
    if (needed !== undefined && !this.#flags[needed]) fail(errno.badf);
    return this.#node;
  }

  #directory(): DirectoryNode {
    return this.#node.type === "directory" ? this.#node : fail(errno.notdir);
  }

  #place(path: string, follow: boolean): Place {
    return resolvePath(this.#directory(), path, follow);
  }

  /** A place that may be changed. */
  #changing(path: string, follow = false): Place {
    const place = this.#place(path, follow);
    // wasi:filesystem: "read-only" where the directory was opened without mutate-directory.
    if (!this.#flags.mutateDirectory) fail(errno.rofs);
    return place;
  }

  #change(path: string, change: (place: Place) => void, follow = false): void {
    fileResult(() => change(this.#changing(path, follow)));
  }

  #take(file: FileNode, offset: bigint, most: number): Uint8Array {
    const left = offset >= BigInt(file.size) ? 0 : file.size - Number(offset);
    const bytes = new Uint8Array(Math.min(left, most));
    readFile(this.#root.tree, file, offset, [bytes]);
    return bytes;
  }

  #output(put: (file: FileNode, bytes: Uint8Array) => void): OutputStream {
    return fileResult(() => {
      const file = this.#file("write");
      const sink = { put: (bytes: Uint8Array) => put(file, bytes), drop: this.#hold(file) };
      return new OutputStream(sink, this.#root.clocks);
    });
  }

  /** A stream keeps its file, even when the descriptor is gone. */
  #hold(file: FileNode): () => void {
    holdFile(file);
    return () => releaseFile(this.#root.tree, file);
  }
}
