/**
 * The device tree of the next kernel: this one's, with the command line and the place of the
 * initramfs in `/chosen`.
 *
 * @module
 */

import type { DeviceTree, TreeNode } from "./device_tree.ts";

/** What the next kernel is told. */
export interface NextKernel {
  readonly cmdline: string;
  /** Where its initramfs lies: address and bytes. */
  readonly initramfs?: { readonly at: number; readonly size: number };
  readonly random: (bytes: number) => Uint8Array;
}

/** What is of this kernel alone, and must not be said to the next one. */
const ofThisKernel = [
  ...["bootargs", "linux,initrd-start", "linux,initrd-end", "kaslr-seed", "rng-seed"],
  ...["linux,elfcorehdr", "linux,usable-memory-range"],
];

/** A tree for the next kernel. What UEFI has put there (`linux,uefi-…`) stays. */
export function nextTree(tree: DeviceTree, next: NextKernel): DeviceTree {
  const { root } = tree;
  const old = root.children.find(({ name }) => name === "chosen");
  const chosen = chosenNode(old ?? { name: "chosen", properties: new Map(), children: [] }, next);
  const others = root.children.filter((node) => node !== old);
  return { ...tree, root: { ...root, children: [...others, chosen] } };
}

function chosenNode(old: TreeNode, { cmdline, initramfs, random }: NextKernel): TreeNode {
  const properties = new Map(old.properties);
  for (const name of ofThisKernel) properties.delete(name);
  properties.set("bootargs", new TextEncoder().encode(`${cmdline}\0`));
  if (initramfs !== undefined) {
    properties.set("linux,initrd-start", cell(initramfs.at));
    properties.set("linux,initrd-end", cell(initramfs.at + initramfs.size));
  }
  properties.set("kaslr-seed", random(8));
  properties.set("rng-seed", random(64));
  return { ...old, properties };
}

function cell(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
