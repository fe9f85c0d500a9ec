/**
 * The licence texts of this program and of all that it is made of.
 *
 * @module
 */

declare global {
  /** The texts of everything in the executable, collected by the build. */
  var __plasmd_licenses: string | undefined;
}

/** All texts that travel with this program; from source only its own. */
export async function licensesText(): Promise<string> {
  return globalThis.__plasmd_licenses ??
    await Deno.readTextFile(new URL("../../LICENSE", import.meta.url));
}
