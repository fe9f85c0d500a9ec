/**
 * kexec_load(2) on arm64, for kernels without kexec_file_load: we place the image ourselves.
 *
 * @module
 */

import { readBounded } from "../../lib/files.ts";
import { bootLimits } from "../../lib/limits.ts";
import type { KexecLoader } from "../kexec.ts";
import { errnos } from "../kexec_refusal.ts";
import { type Libc, SystemCallError } from "../libc.ts";
import { parseDeviceTree } from "./device_tree.ts";
import { kernelHeaderBytes, parseKernelHeader } from "./kernel_header.ts";
import { layOut } from "./layout.ts";

/** What the running kernel says of the machine. */
export interface MachineLayout {
  /** The text of /proc/iomem. */
  readonly iomem: string;
  /** The device tree that it was started with. */
  readonly tree: Uint8Array;
}

/** Reads it below `root` (for tests); undefined where the machine has no device tree. */
export async function readMachineLayout(root = ""): Promise<MachineLayout | undefined> {
  try {
    const [iomem, tree] = await Promise.all([
      readBounded(`${root}/proc/iomem`, bootLimits.iomemBytes),
      readBounded(`${root}/sys/firmware/fdt`, bootLimits.deviceTreeBytes),
    ]);
    return { iomem: new TextDecoder().decode(iomem), tree };
  } catch {
    return undefined; // without it kexec_file_load alone is left, and says why it can't
  }
}

const number = 104;
const arm64 = 183 << 16; // KEXEC_ARCH_AARCH64
const unknownFlag = 0x4000;

/** The loader for a machine. */
export function kexecLoader(
  libc: Libc,
  { iomem, tree }: MachineLayout,
  random: (bytes: number) => Uint8Array,
): KexecLoader {
  return {
    name: "kexec_load",
    probe() {
      try {
        // Permission is checked before the flags: for an unknown one, only EINVAL is good news.
        libc.kexecLoad({ number, entry: 0, segments: [], flags: arm64 | unknownFlag });
      } catch (thrown) {
        if (!(thrown instanceof SystemCallError && thrown.errno === errnos.EINVAL)) throw thrown;
      }
    },
    load({ kernel, initramfs, cmdline }) {
      const head = new Uint8Array(kernelHeaderBytes);
      const header = parseKernelHeader(
        head.subarray(0, libc.read(kernel.fd, head, 0)),
        kernel.size,
      );
      const options = { kernel, header, initramfs, cmdline, iomem, random };
      const { entry, segments } = layOut({ ...options, tree: parseDeviceTree(tree) });
      libc.kexecLoad({ number, entry, segments, flags: arm64 });
    },
  };
}
