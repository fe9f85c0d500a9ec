/**
 * What a configuration that was read again changes.
 *
 * @module
 */

import type { Config } from "./resolve.ts";
import { settings } from "./settings.ts";

/**
 * The keys that differ and that a running daemon can't take over: what the confinement or the socket
 * fixes.
 */
export function restartKeys(before: Config, after: Config): string[] {
  return settings
    .filter(({ key, restart }) => restart && !same(before.values[key], after.values[key]))
    .map(({ key }) => key);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
