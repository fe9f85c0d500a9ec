/**
 * Where a node keeps what it must remember. DESIGN 10.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { PlasmdError, toPlasmdError } from "./errors.ts";

/** What decides where the state directory is. */
export interface StateDirSource {
  readonly os: string;
  readonly uid: number | null;
  readonly env: (name: string) => string | undefined;
}

/** This process: its system, effective user and environment. */
export function processStateDirSource(): StateDirSource {
  return { os: Deno.build.os, uid: Deno.uid(), env: (name) => Deno.env.get(name) };
}

/**
 * The state directory: the given one, else `/var/lib/plasm` for root, else `$XDG_STATE_HOME/plasmd`
 * (macOS: `~/Library/Application Support/plasmd`). It may not exist.
 *
 * @throws {PlasmdError} `config` where neither XDG_STATE_HOME nor HOME is set
 */
export function stateDirectory(
  given?: string,
  source: StateDirSource = processStateDirSource(),
): string {
  if (given !== undefined) return given;
  if (source.uid === 0) return "/var/lib/plasm";
  const home = source.env("HOME");
  const xdg = source.env("XDG_STATE_HOME");
  if (source.os === "darwin" && home) return join(home, "Library/Application Support/plasmd");
  if (xdg?.startsWith("/")) return join(xdg, "plasmd");
  if (home) return join(home, ".local/state/plasmd");
  throw new PlasmdError("config", "Cannot tell where state is kept: HOME is not set", {
    hint: "give a directory with --state-dir",
  });
}

/**
 * Makes the state directory, with mode 0700 where it is new. Returns its real path, or undefined
 * where the file system can't be written (a node works without it, and forgets).
 *
 * @throws {PlasmdError} `config` where the path is something else than a directory
 */
export async function makeStateDirectory(path: string): Promise<string | undefined> {
  try {
    await fs.mkdir(path, { recursive: true, mode: 0o700 });
    return await fs.realpath(path);
  } catch (thrown) {
    const error = toPlasmdError(thrown);
    const code = (thrown as { code?: string }).code;
    if (code === "EEXIST" || code === "ENOTDIR") {
      throw new PlasmdError("config", `Cannot keep state in "${path}": it is no directory`, {
        cause: thrown,
        hint: "give a directory with --state-dir",
      });
    }
    if (error.code === "permission" || error.code === "no_space") return undefined;
    throw new PlasmdError(error.code, `Cannot make "${path}": ${error.message}`, { cause: thrown });
  }
}
