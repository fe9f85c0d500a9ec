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

/** What only the build knows. */
export interface BuildFacts {
  readonly commit: string | null;
  readonly target: string;
}

declare global {
  /** Set by the build before anything else runs. */
  var __plasmd_build: BuildFacts | undefined;
}

/** This program's version; `target` is that of the running machine where it runs from source. */
export const programVersion: ProgramVersion = {
  version: config.version,
  commit: globalThis.__plasmd_build?.commit ?? null,
  target: globalThis.__plasmd_build?.target ??
    `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`,
};
