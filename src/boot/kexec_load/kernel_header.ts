/**
 * The header of an arm64 kernel: the kernel's own Documentation/arch/arm64/booting.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";

/** What it says of its place in memory. */
export interface KernelHeader {
  /** Bytes from a multiple of 2 MiB at which it wants to lie. */
  readonly textOffset: number;
  /** Bytes that it takes in memory, more than the file has. */
  readonly imageBytes: number;
}

/** Bytes of the header. */
export const kernelHeaderBytes = 64;
/** A kernel lies at a multiple of this, plus its offset. */
export const kernelAlignment = 2 * 1024 * 1024;

const mostImageBytes = 512 * 1024 * 1024;

/**
 * Reads it.
 *
 * @param size bytes of the file
 * @throws {PlasmdError} `unsupported` where it is no such kernel
 */
export function parseKernelHeader(header: Uint8Array, size: number): KernelHeader {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (header.length < kernelHeaderBytes || view.getUint32(56, true) !== 0x644d5241) {
    const compressed = header[0] === 0x1f || view.getUint32(4, true) === 0x676d697a; // "zimg"
    refuse(
      compressed ? "it is compressed" : "it is no arm64 kernel",
      compressed ? "publish the uncompressed Image" : "check that the image is for this machine",
    );
  }
  const textOffset = Number(view.getBigUint64(8, true));
  const imageBytes = Number(view.getBigUint64(16, true));
  if (textOffset >= kernelAlignment || imageBytes < size || imageBytes > mostImageBytes) {
    refuse("its header makes no sense", "publish a kernel of version 3.17 or later");
  }
  return { textOffset, imageBytes };
}

function refuse(why: string, hint: string): never {
  throw new PlasmdError("unsupported", `Cannot start the new kernel: ${why}`, { hint });
}
