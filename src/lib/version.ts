/**
 * What this program is. The build writes commit and target; from source they are unknown.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** Version, commit and target of this program. */
export interface ProgramVersion {
  readonly version: string;
  readonly commit: string | null;
  readonly target: string;
}

/** The build's own facts, set before anything else runs. */
declare global {
  var __plasmd_build: { readonly commit: string; readonly target: string } | undefined;
}

/** This program's version; `target` is that of the running machine where it runs from source. */
export const programVersion: ProgramVersion = {
  version: config.version,
  commit: globalThis.__plasmd_build?.commit ?? null,
  target: globalThis.__plasmd_build?.target ??
    `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`,
};
