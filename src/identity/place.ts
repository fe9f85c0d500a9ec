/**
 * Where the key lies unless somebody says otherwise. DESIGN 4.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import { PlasmdError } from "../lib/errors.ts";

/** What the place depends on. */
export interface Surroundings {
  readonly env: (name: string) => string | undefined;
  /** The effective user's number; undefined where the system has none. */
  readonly euid: number | undefined;
  readonly os: string;
}

/** The path of the key file: `$PLASMD_IDENTITY`, root's or the user's. */
export function identityPlace({ env, euid, os }: Surroundings): string {
  const named = env("PLASMD_IDENTITY");
  if (named) return named;
  if (euid === 0) return "/etc/plasm/identity.key";
  const config = env("XDG_CONFIG_HOME");
  // The base directory specification: a relative path is invalid and ignored.
  if (config && isAbsolute(config)) return join(config, "phase", "identity.key");
  const home = env("HOME");
  if (!home) {
    throw new PlasmdError("identity", "No place for the key file: HOME is not set", {
      hint: "set PLASMD_IDENTITY to the path of the key file",
    });
  }
  const below = os === "darwin" ? ["Library", "Application Support"] : [".config"];
  return join(home, ...below, "phase", "identity.key");
}
