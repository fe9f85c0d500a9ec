/**
 * Finds and reads provider.toml.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { toPlasmdError } from "../lib/errors.ts";
import { readBounded, readBoundedIfThere } from "../lib/files.ts";
import { fileLimits } from "../lib/limits.ts";
import { parseDocument } from "./file.ts";
import { type Config, type ConfigSources, resolveConfig } from "./resolve.ts";

/** How the configuration is looked for. */
export interface LoadOptions extends Omit<ConfigSources, "file"> {
  /** `--config FILE`: this file and no other. */
  readonly config?: string;
  /** Where to look otherwise. Default: {@linkcode usualPlaces}. */
  readonly places?: readonly string[];
}

/**
 * The Config of this process: `--config`, else `PLASMD_CONFIG`, else /etc/plasm/provider.toml, else
 * the user's, else no file; overlaid with variables and flags.
 *
 * @throws {PlasmdError} `config` for a file that doesn't fit, `io` for one that can't be read
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const env = options.env ?? (() => undefined);
  const named = options.config ?? env("PLASMD_CONFIG");
  if (named !== undefined) {
    const name = resolve(named);
    const bytes = await readBounded(name, fileLimits.configBytes);
    return resolveConfig({ ...options, file: { name, document: parseDocument(bytes, name) } });
  }
  for (const name of options.places ?? usualPlaces(env)) {
    const bytes = await readIfOurs(name);
    if (bytes !== undefined) {
      return resolveConfig({ ...options, file: { name, document: parseDocument(bytes, name) } });
    }
  }
  return resolveConfig(options);
}

/** /etc/plasm holds root's key and is closed to others: what we may not read isn't meant for us. */
async function readIfOurs(name: string): Promise<Uint8Array | undefined> {
  try {
    return await readBoundedIfThere(name, fileLimits.configBytes);
  } catch (thrown) {
    if (toPlasmdError(thrown).code === "permission") return undefined;
    throw thrown;
  }
}

/** Where provider.toml lies when nobody says where, the machine's own first. */
export function usualPlaces(env: (name: string) => string | undefined): string[] {
  const home = env("HOME");
  const xdg = env("XDG_CONFIG_HOME") ?? (home === undefined ? undefined : join(home, ".config"));
  return [
    "/etc/plasm/provider.toml",
    ...(xdg === undefined ? [] : [join(xdg, "phase/provider.toml")]),
  ];
}
