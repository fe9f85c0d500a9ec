/**
 * Rates as people write them.
 *
 * @module
 */

import { printable } from "../lib/text.ts";

const units: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** A rate like `500k`, `10M` or `100000`, in bytes a second. */
export function parseRate(input: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)([kmg]?)$/i.exec(input);
  const rate = match ? Math.floor(Number(match[1]) * units[match[2]!.toLowerCase()]!) : 0;
  if (rate >= 1024) return rate;
  throw new SyntaxError(
    `Invalid rate "${printable(input)}": write bytes a second like 500k or 10M, at least 1k`,
  );
}
