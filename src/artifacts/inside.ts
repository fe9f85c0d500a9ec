/**
 * Paths below the artifacts directory: links may lead from one place in it to another, and nowhere
 * else.
 *
 * @module
 */

import { isAbsolute, join, relative } from "node:path";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";

/** The artifacts directory, under the name that it was given and under its real one. */
export interface Root {
  /** As given: the name for which the permission to read was granted. */
  readonly given: string;
  /** Without any link. */
  readonly real: string;
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
