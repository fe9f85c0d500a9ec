/**
 * Where everything goes that the next arm64 kernel starts with: itself, its initramfs, its device
 * tree, and a few instructions that enter it.
 *
 * @module
 */

import type { KexecSegment } from "../libc.ts";
import type { SealedFile } from "../sealed.ts";
import { type DeviceTree, deviceTreeBytes } from "./device_tree.ts";
import { kernelAlignment, type KernelHeader } from "./kernel_header.ts";
import { freeMemory, takePlace } from "./memory_map.ts";
import { nextTree } from "./next_tree.ts";

/** What is laid out. */
export interface LayoutOptions {
  readonly kernel: SealedFile;
  readonly header: KernelHeader;
  readonly initramfs?: SealedFile;
  readonly cmdline: string;
  /** The text of /proc/iomem. */
  readonly iomem: string;
  readonly tree: DeviceTree;
  readonly random: (bytes: number) => Uint8Array;
}

/** What the kernel is given to load. */
export interface Layout {
  /** Where it is entered. */
  readonly entry: number;
  readonly segments: readonly KexecSegment[];
}

/** The largest page that a kernel of this arch has: what is a multiple of it fits all. */
const pageBytes = 65_536;

/**
 * Lays it out.
 *
 * @throws {PlasmdError} `unsupported` where memory has no room, `permission` where it can't be seen
 */
export function layOut(options: LayoutOptions): Layout {
  const { kernel, header, initramfs, cmdline, tree, random } = options;
  const free = freeMemory(options.iomem);
  const room = wholePages(header.textOffset + header.imageBytes);
  const kernelAt = takePlace(free, room, kernelAlignment).start + header.textOffset;
  // Behind the kernel, so that both are in one window of 32 GiB as it demands.
  const place = (size: number) => takePlace(free, wholePages(size), pageBytes, kernelAt).start;
  const initramfsAt = initramfs && place(initramfs.size);
  const next = nextTree(tree, {
    cmdline,
    initramfs: initramfs && { at: initramfsAt!, size: initramfs.size },
    random,
  });
  const treeBytes = deviceTreeBytes(next);
  const treeAt = place(treeBytes.length);
  const entry = place(pageBytes);
  return {
    entry,
    segments: [
      { source: kernel, at: kernelAt, memoryBytes: wholePages(header.imageBytes) },
      ...initramfs === undefined
        ? []
        : [{ source: initramfs, at: initramfsAt!, memoryBytes: wholePages(initramfs.size) }],
      { source: treeBytes, at: treeAt, memoryBytes: wholePages(treeBytes.length) },
      { source: entryCode(kernelAt, treeAt), at: entry, memoryBytes: pageBytes },
    ],
  };
}

function wholePages(size: number): number {
  return Math.ceil(size / pageBytes) * pageBytes;
}

/**
 * Enters the kernel as it wants to be entered: the tree's address in x0, x1 to x3 zero.
 *
 * @returns 40 bytes, to be entered at the first
 */
export function entryCode(kernelAt: number, treeAt: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  [
    0x58000100, // ldr x0, the tree's address, 32 bytes on
    0xaa1f03e1, // mov x1, xzr
    0xaa1f03e2, // mov x2, xzr
    0xaa1f03e3, // mov x3, xzr
    0x58000051, // ldr x17, the kernel's address, 8 bytes on
    0xd61f0220, // br x17
  ].forEach((word, i) => view.setUint32(4 * i, word, true));
  view.setBigUint64(24, BigInt(kernelAt), true);
  view.setBigUint64(32, BigInt(treeAt), true);
  return bytes;
}
