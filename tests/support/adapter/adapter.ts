/**
 * The adapter that makes a preview 1 module a component. It lies in a package whose dependencies
 * are large, so the package alone is fetched.
 *
 * @module
 */

import { join } from "node:path";
import { fetchPackage } from "../../../src/build/npm_runtime.ts";
import { projectRoot } from "../program.ts";

/** The file of the adapter for command modules, which is fetched once. */
export async function commandAdapter(): Promise<string> {
  const packages = {
    definition: new URL("deno.json", import.meta.url),
    lock: new URL("deno.lock", import.meta.url),
  };
  const directory = `${projectRoot}.cache/build/adapter`;
  const files = await fetchPackage("@bytecodealliance/jco", packages, { directory });
  return join(files, "lib/wasi_snapshot_preview1.command.wasm");
}
