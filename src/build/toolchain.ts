/**
 * What building for Linux needs of the machine: a C compiler, static libraries, and the loader and
 * libraries of glibc that the executable carries.
 *
 * @module
 */

import { join } from "node:path";
import { PlasmdError } from "../lib/errors.ts";
import type { LinuxParts } from "./targets.ts";

/** The Debian packages that the machine lacks to build for this target. */
export function missingPackages(
  { compiler, directories, packages }: LinuxParts,
  isThere: (path: string) => boolean = isFile,
): string[] {
  const anyIn = (folders: readonly string[], name: string) =>
    folders.some((folder) => isThere(join(folder, name)));
  const missing: string[] = [];
  if (!anyIn(["/usr/bin", "/usr/local/bin"], compiler)) missing.push(packages.compiler);
  if (!anyIn(directories, "libc.a")) missing.push(packages.libc);
  if (!anyIn(directories, "libzstd.a") || !isThere("/usr/include/zstd.h")) {
    missing.push(packages.zstd);
  }
  return missing;
}

/**
 * Refuses a machine that lacks something.
 *
 * @throws {PlasmdError} `config`, with the command that installs it
 */
export function checkToolchain(parts: LinuxParts): void {
  const missing = missingPackages(parts);
  if (missing.length === 0) return;
  throw new PlasmdError(
    "config",
    `Cannot build the launcher: Debian's ${missing.join(", ")} missing`,
    { hint: `apt-get install ${missing.join(" ")}` },
  );
}

/** The file of a library of this target, its links followed. */
export async function libraryFile({ directories }: LinuxParts, name: string): Promise<string> {
  for (const directory of directories) {
    try {
      return await Deno.realPath(join(directory, name));
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
  }
  throw new PlasmdError("config", `Cannot find "${name}" in ${directories.join(", ")}`, {
    hint:
      "install glibc's libraries for this target: libc6 and libgcc-s1, or their -cross packages",
  });
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
