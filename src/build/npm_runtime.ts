/**
 * The runtime from its npm package, for machines that can't reach its maker's own server. It is
 * fetched by the runtime's own package client, which checks it against the lock file beside
 * runtime/deno.json.
 *
 * @module
 */

import { join } from "node:path";
import { runProgram } from "./run.ts";
import type { Target } from "./targets.ts";

const definition = new URL("runtime/", import.meta.url);

/** Fetches the runtime of a target, once, and returns its file. */
export async function npmRuntime(
  target: Target,
  { cache, signal }: { readonly cache: string; readonly signal?: AbortSignal },
): Promise<string> {
  const directory = join(cache, "npm-runtime", target.name);
  const file = join(directory, "node_modules", target.package, "deno");
  const lock = await Deno.readTextFile(new URL("deno.lock", definition));
  if (!await isInstalled(directory, lock, file)) {
    await install(target, directory, lock, signal);
    await Deno.writeTextFile(join(directory, "installed.lock"), lock);
  }
  return file;
}

async function install(
  target: Target,
  directory: string,
  lock: string,
  signal?: AbortSignal,
): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  const whole = JSON.parse(await Deno.readTextFile(new URL("deno.json", definition)));
  // Only what this target needs: each runtime is 40 MB.
  const imports = { [target.package]: whole.imports[target.package] };
  await Deno.writeTextFile(join(directory, "deno.json"), JSON.stringify({ ...whole, imports }));
  await Deno.writeTextFile(join(directory, "deno.lock"), lock);
  await runProgram(Deno.execPath(), ["install", "--quiet"], { cwd: directory, signal });
}

/** Whether this very lock was installed there before. */
async function isInstalled(directory: string, lock: string, file: string): Promise<boolean> {
  try {
    const [installed] = await Promise.all([
      Deno.readTextFile(join(directory, "installed.lock")),
      Deno.stat(file),
    ]);
    return installed === lock;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}
