/**
 * Public vectors that lie beside the project where it is developed, and are no part of it.
 *
 * @module
 */

/** The root of the project, with a final `/`. */
export const projectRoot: string = new URL("../../", import.meta.url).pathname;

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
