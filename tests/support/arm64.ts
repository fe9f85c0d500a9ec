/**
 * What an arm64 machine starts with: a device tree, and a kernel that nothing would run.
 *
 * @module
 */

import { deviceTreeBytes, type TreeNode } from "../../src/boot/kexec_load/device_tree.ts";

/** A node of a device tree; texts become strings that end with a zero. */
export function treeNode(
  name: string,
  properties: Readonly<Record<string, string | Uint8Array>> = {},
  children: readonly TreeNode[] = [],
): TreeNode {
  const bytes = Object.entries(properties).map(([key, value]) =>
    [key, typeof value === "string" ? new TextEncoder().encode(`${value}\0`) : value] as const
  );
  return { name, properties: new Map(bytes), children };
}

/** The tree of a machine with one processor, as firmware leaves it. */
export const smallTree: Uint8Array<ArrayBuffer> = deviceTreeBytes({
  root: treeNode("", { compatible: "linux,dummy-virt" }, [
    treeNode("chosen", { bootargs: "console=ttyAMA0 quiet", "linux,uefi-system-table": "kept" }),
    treeNode("cpus", {}, [treeNode("cpu@0", { device_type: "cpu" })]),
  ]),
  reservations: [[0x8000_0000n, 4096n]],
  bootCpu: 0,
});

/** A kernel with a header that takes so many bytes in memory. */
export function arm64Kernel(
  imageBytes: number,
  size: number,
  textOffset = 0,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size).fill(0xd5);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(8, BigInt(textOffset), true);
  view.setBigUint64(16, BigInt(imageBytes), true);
  view.setUint32(56, 0x644d5241, true);
  return bytes;
}
