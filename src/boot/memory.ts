/**
 * Whether a boot fits into memory: a clear refusal before anything is fetched, instead of an
 * out-of-memory kill in the middle.
 *
 * @module
 */

import { statfs } from "node:fs/promises";
import type { ArtifactName } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import { readBounded } from "../lib/files.ts";
import { bootLimits } from "../lib/limits.ts";
import { bytesText } from "../lib/text.ts";

/** Bytes of memory that the machine has, and that can be had without swapping. */
export interface Memory {
  readonly total: number;
  readonly available: number;
}

/** Bytes of each artifact of a manifest. */
export type ArtifactSizes =
  & { readonly kernel: number }
  & Readonly<
    Partial<Record<ArtifactName, number>>
  >;

/** Where the fetched files lie until the next kernel is loaded. */
export interface Holding {
  /** They lie on tmpfs or ramfs, so they count. */
  readonly inMemory: boolean;
  /** They are removed before the kernel copies what it loads. */
  readonly removed: boolean;
}

/**
 * The kernel's account of its memory.
 *
 * @throws {PlasmdError} `unsupported` where it is no such account
 */
export function parseMeminfo(text: string): Memory {
  const bytesOf = (name: string) => {
    const kib = new RegExp(`^${name}: +([0-9]{1,15}) kB$`, "m").exec(text)?.[1];
    if (kib === undefined) {
      throw new PlasmdError("unsupported", `Cannot tell how much memory there is: no ${name}`);
    }
    return Number(kib) * 1024;
  };
  return { total: bytesOf("MemTotal"), available: bytesOf("MemAvailable") };
}

/** This machine's memory. */
export async function readMemory(path = "/proc/meminfo"): Promise<Memory> {
  return parseMeminfo(new TextDecoder().decode(await readBounded(path, bootLimits.imageFileBytes)));
}

/**
 * Refuses a machine on which nothing can be booted.
 *
 * @throws {PlasmdError} `unsupported`
 */
export function requireMemory({ total }: Memory): void {
  if (total >= bootLimits.leastMemoryBytes) return;
  throw new PlasmdError(
    "unsupported",
    `Cannot boot here: the machine has ${bytesText(total)} of memory, ` +
      `${bytesText(bootLimits.leastMemoryBytes)} are needed`,
  );
}

/**
 * Refuses artifacts that can't be fetched, loaded and run in this memory. Called before the fetch.
 *
 * @throws {PlasmdError} `unsupported`
 */
export function requireRoom(sizes: ArtifactSizes, memory: Memory, holding: Holding): void {
  const { kernel, initramfs = 0, rootfs = 0 } = sizes;
  const files = kernel + initramfs + rootfs;
  // The booted system holds its rootfs in memory, fetched again or handed over.
  const running = bootLimits.nextSystemBytes + bootLimits.unpackFactor * initramfs + rootfs;
  demand(rootfs === 0 ? "run the image" : "run the image with its rootfs", running, memory.total);
  if (holding.inMemory) {
    demand("hold what is fetched", files + bootLimits.reserveBytes, memory.available);
  }
  const left = memory.available - (holding.inMemory ? files : 0);
  demand("load the kernel", loadBytes(sizes, 0, holding), left);
}

function demand(what: string, needed: number, there: number): void {
  if (needed <= there) return;
  throw new PlasmdError(
    "unsupported",
    `Cannot boot this image: ${bytesText(needed)} of memory are needed to ${what}, ` +
      `${bytesText(Math.max(0, there))} are there`,
    { hint: "use a machine with more memory, or a smaller image" },
  );
}

/** Bytes needed to load a kernel with `handover` bytes behind its initramfs. */
function loadBytes(sizes: ArtifactSizes, handover: number, holding: Holding): number {
  const { kernel, initramfs = 0, rootfs = 0 } = sizes;
  const sealed = kernel + initramfs + handover;
  // The files may go once they are sealed. The kernel reads what is sealed into a buffer, then
  // copies that to where it starts the next kernel: for a moment everything is there three times.
  const freed = holding.inMemory && holding.removed ? kernel + initramfs + rootfs : 0;
  return Math.max(sealed, 3 * sealed - freed) + bootLimits.reserveBytes;
}

/**
 * The artifacts that can be handed over to the next system, with memory as it is after the fetch.
 * What it can't do without comes first; what is left out it fetches again.
 */
export function handedOver(
  sizes: ArtifactSizes,
  memory: Memory,
  holding: Holding,
): ArtifactName[] {
  const { initramfs } = sizes;
  if (initramfs === undefined) return []; // nothing to append it to
  const chosen: ArtifactName[] = [];
  let bytes = 0;
  for (const name of ["rootfs", "initramfs", "kernel"] as const) {
    const size = sizes[name];
    if (size === undefined) continue;
    const now = loadBytes(sizes, bytes + size, holding);
    const unpacked = bootLimits.unpackFactor * initramfs + bytes + size;
    // The next kernel holds archive and unpacked files at the same time, the latter on a tmpfs
    // that takes half of its memory at most.
    const next = bootLimits.nextSystemBytes + initramfs + bytes + size + unpacked;
    if (now > memory.available || next > memory.total || unpacked > memory.total / 2) continue;
    chosen.push(name);
    bytes += size;
  }
  return chosen;
}

const memoryFileSystems = new Set([
  0x01021994, // tmpfs
  0x858458f6, // ramfs
]);

/** Whether a directory lies in memory, so that its files take away from it. */
export async function liesInMemory(directory: string): Promise<boolean> {
  return memoryFileSystems.has((await statfs(directory)).type >>> 0);
}
