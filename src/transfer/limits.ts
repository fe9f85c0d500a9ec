/**
 * The limits of a transfer as a type, so that a caller can set its own.
 *
 * @module
 */

import { transferLimits } from "../lib/limits.ts";

/** The limits of one transfer, by the names of `transferLimits`. */
export type TransferLimits = Readonly<Record<keyof typeof transferLimits, number>>;

/** The usual limits, with those given in their place. */
export function limitsOf(given: Partial<TransferLimits> = {}): TransferLimits {
  return { ...transferLimits, ...given };
}
