/**
 * Rules of a manifest's members that settings share: what can't be signed can't be configured.
 *
 * @module
 */

import { formatLimits as limits } from "../lib/limits.ts";

/** Whether the text is an image's version. DESIGN 5. */
export function isVersion(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}$/.test(text);
}

/**
 * What is wrong with a kernel command line in a manifest, or undefined. DESIGN 5: what is appended to
 * the next kernel's command line can't be quoted away or cut off.
 */
export function cmdlineProblem(cmdline: string): string | undefined {
  if (cmdline.length > limits.cmdlineChars) {
    return `has ${cmdline.length} characters, limit is ${limits.cmdlineChars}`;
  }
  if (!/^[\x20-\x7e]*$/.test(cmdline)) return "must be printable ASCII";
  if (cmdline.includes('"')) return "must not hold a quote";
  const words = cmdline.split(" ");
  if (words.includes("--")) return 'must not hold " -- "';
  if (words.some((word) => word.startsWith("phase."))) {
    return 'must not hold arguments that start with "phase."';
  }
  return undefined;
}
