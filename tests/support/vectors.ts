/**
 * Public vectors that lie beside the project where it is developed, and are no part of it.
 *
 * @module
 */

import { projectRoot } from "./program.ts";

/** The path of a file or folder of vectors. */
export function vectorPath(name: string): string {
  return `${projectRoot}../shared/vectors/${name}`;
}

/** Whether vectors are missing; says so, for `ignore`. */
export function vectorsMissing(name: string): boolean {
  try {
    Deno.statSync(vectorPath(name));
    return false;
  } catch {
    console.log(`SKIPPED: no vectors at ../shared/vectors/${name}`);
    return true;
  }
}
