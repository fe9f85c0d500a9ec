/**
 * Paths below the artifacts directory: links may lead from one place in it to another, and nowhere
 * else.
 *
 * @module
 */

import { isAbsolute, join, relative } from "node:path";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import { knownNames } from "./known_names.ts";

/** The artifacts directory, under the name that it was given and under its real one. */
export interface Root {
  /** As given: the name for which the permission to read was granted. */
  readonly given: string;
  /** Without any link. */
  readonly real: string;
}

/**
 * Looks at an artifacts directory.
 *
 * @throws {PlasmdError} `artifacts` where there is none
 */
export async function openRoot(given: string): Promise<Root> {
  let isDirectory: boolean;
  try {
    isDirectory = (await Deno.stat(given)).isDirectory;
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw unusable(given, thrown);
    throw new PlasmdError("artifacts", `No artifacts directory "${printable(given)}"`, {
      hint: `make it, and put a kernel into it (${knownNames.kernel})`,
    });
  }
  if (isDirectory) return { given, real: await Deno.realPath(given) };
  throw new PlasmdError("artifacts", `Cannot use "${printable(given)}": it is not a directory`);
}

function unusable(given: string, cause: unknown): PlasmdError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PlasmdError("artifacts", `Cannot use "${printable(given)}": ${printable(reason)}`, {
    cause,
  });
}

/** What a path below the root leads to. */
export interface Inside {
  /** The path without links, written below the root's given name. */
  readonly path: string;
  readonly info: Deno.FileInfo;
}

/**
 * Follows a path to its end.
 *
 * @throws {PlasmdError} `artifacts` where it leaves the root or leads nowhere; `io`, `permission`
 */
export async function followInside(root: Root, path: string): Promise<Inside> {
  const real = await realPathOf(path);
  const rest = relative(root.real, real);
  // DESIGN 6: writing into the artifacts directory is publishing, so only what lies in it counts.
  if (rest === ".." || rest.startsWith("../") || isAbsolute(rest)) {
    throw new PlasmdError(
      "artifacts",
      `Cannot serve "${printable(path)}": it is a link to "${printable(real)}", outside of ` +
        `"${printable(root.given)}"`,
      { hint: "copy the file into the directory, or make a hard link" },
    );
  }
  const inside = join(root.given, rest);
  try {
    return { path: inside, info: await Deno.lstat(inside) };
  } catch (thrown) {
    throw toPlasmdError(thrown, `Cannot read "${printable(inside)}"`);
  }
}

async function realPathOf(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) {
      throw new PlasmdError(
        "artifacts",
        `Cannot serve "${printable(path)}": it is a link that leads nowhere`,
        { cause: thrown, hint: "remove the link, or put back what it leads to" },
      );
    }
    throw toPlasmdError(thrown, `Cannot read "${printable(path)}"`);
  }
}
