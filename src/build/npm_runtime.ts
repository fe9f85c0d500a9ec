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

/** Packages by name, and the lock file that says which bytes they are. */
export interface LockedPackages {
  /** `{imports: {name: "npm:name@version"}}` */
  readonly definition: URL;
  readonly lock: URL;
}

/** How a package is fetched. */
export interface FetchPackageOptions {
  /** A directory for this package alone. */
  readonly directory: string;
  readonly signal?: AbortSignal;
}

const runtimes: LockedPackages = {
  definition: new URL("runtime/deno.json", import.meta.url),
  lock: new URL("runtime/deno.lock", import.meta.url),
};

/** Fetches the runtime of a target, once, and returns its file. */
export async function npmRuntime(
  target: Target,
  { cache, signal }: { readonly cache: string; readonly signal?: AbortSignal },
): Promise<string> {
  const directory = join(cache, "npm-runtime", target.name);
  return join(await fetchPackage(target.package, runtimes, { directory, signal }), "deno");
}

/**
 * Fetches a package without dependencies and returns its directory.
 *
 * @throws {PlasmdError} `failed` where it can't be fetched or isn't what the lock file says
 */
export async function fetchPackage(
  name: string,
  packages: LockedPackages,
  { directory, signal }: FetchPackageOptions,
): Promise<string> {
  const files = join(directory, "node_modules", name);
  const { imports } = JSON.parse(await Deno.readTextFile(packages.definition));
  const lock = lockOf(imports[name], await Deno.readTextFile(packages.lock));
  if (await installedLock(directory) === lock) return files;
  await Deno.remove(directory, { recursive: true }).catch(ignoreMissing);
  await Deno.mkdir(directory, { recursive: true });
  const config = { imports: { [name]: imports[name] }, nodeModulesDir: "auto" };
  await Deno.writeTextFile(join(directory, "deno.json"), JSON.stringify(config));
  await Deno.writeTextFile(join(directory, "deno.lock"), lock);
  // What is in a shared cache already isn't checked again, and an unfrozen lock is rewritten.
  const own = join(directory, "deno-dir");
  const options = { cwd: directory, env: { DENO_DIR: own }, signal };
  await runProgram(Deno.execPath(), ["install", "--quiet", "--frozen"], options);
  await Deno.remove(own, { recursive: true });
  await Deno.writeTextFile(join(directory, "installed.lock"), lock);
  return files;
}

/** The lock file of one package: the client refuses one that holds more. */
function lockOf(specifier: string, whole: string): string {
  const { version, specifiers, npm } = JSON.parse(whole);
  const id = specifier.replace(/^npm:/, "");
  return JSON.stringify({
    version,
    specifiers: { [specifier]: specifiers[specifier] },
    npm: { [id]: npm[id] },
    workspace: { dependencies: [specifier] },
  });
}

/** The lock file that was installed there before. */
async function installedLock(directory: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(join(directory, "installed.lock"));
  } catch (thrown) {
    ignoreMissing(thrown);
    return undefined;
  }
}

function ignoreMissing(thrown: unknown): void {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
}
