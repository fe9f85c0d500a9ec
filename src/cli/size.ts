/**
 * Sizes as people write them.
 *
 * @module
 */

import { jobLimits } from "../lib/limits.ts";
import { bytesText, printable } from "../lib/text.ts";

const units: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** A size like `64M`, `1G` or `100000`, in bytes. */
export function parseSize(input: string): number {
  const match = /^(\d{1,12})([kmg]?)$/i.exec(input);
  const size = match ? Number(match[1]) * units[match[2]!.toLowerCase()]! : 0;
  if (size > 0 && size <= Number.MAX_SAFE_INTEGER) return size;
  throw new SyntaxError(`Invalid size "${printable(input)}": write bytes like 64M or 1G`);
}

/** A job's usual limit, for help. */
export function formatSize(what: "memory" | "output"): string {
  return bytesText(
    what === "memory" ? jobLimits.memoryDefaultBytes : jobLimits.outputDefaultBytes,
  );
}
