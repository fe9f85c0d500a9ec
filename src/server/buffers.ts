/**
 * Read buffers, used again from transfer to transfer. A few transfers get large ones, where copying
 * is fastest; beyond that they are small, so that thousands of slow readers can't fill the memory.
 *
 * @module
 */

import type { ServerLimits } from "./server_limits.ts";

/** A buffer on loan. */
export interface Lease {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Gives it back. Not reusable means that a read or a write may still be going on in it: it is left
   * to the garbage collector, because another client's bytes must never land in it meanwhile.
   */
  release(reusable: boolean): void;
}

/** Lends buffers. */
export interface Buffers {
  /** A buffer for a transfer of `wanted` bytes; smaller than that where the transfer is large. */
  take(wanted: number): Lease;
}

/** The limits that buffers go by. */
export type BufferLimits = Pick<
  ServerLimits,
  "bufferBytes" | "smallBufferBytes" | "largeBuffers" | "buffersKept"
>;

/** Makes an empty store of buffers. */
export function makeBuffers(limits: BufferLimits): Buffers {
  const large: Uint8Array<ArrayBuffer>[] = [];
  const small: Uint8Array<ArrayBuffer>[] = [];
  let largeLent = 0;
  return {
    take(wanted) {
      const isLarge = wanted > limits.smallBufferBytes && largeLent < limits.largeBuffers;
      const [kept, size] = isLarge ? [large, limits.bufferBytes] : [small, limits.smallBufferBytes];
      if (isLarge) largeLent++;
      const bytes = kept.pop() ?? new Uint8Array(size);
      return {
        bytes,
        release(reusable) {
          if (isLarge) largeLent--;
          if (reusable && kept.length < limits.buffersKept) kept.push(bytes);
        },
      };
    },
  };
}
