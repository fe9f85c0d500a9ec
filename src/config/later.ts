/**
 * Settings that are understood, and that this version does nothing with yet.
 *
 * @module
 */

import type { Config } from "./resolve.ts";
import { settings } from "./settings.ts";

/** The keys that are set and have no effect yet. */
export function laterKeys({ origins }: Pick<Config, "origins">): string[] {
  return settings
    .filter(({ key, later }) => later === true && origins[key]?.from !== "default")
    .map(({ key }) => key);
}

/** What is said about such a key. */
export function laterText(key: string): string {
  return `"${key}" is set, and this version does nothing with it yet`;
}
