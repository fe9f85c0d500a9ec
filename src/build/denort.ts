/**
 * The runtime with the program embedded, made by `deno compile`. It needs `denort`, which the
 * runtime's maker serves; `DENORT_BIN` names one that is on the disk already.
 *
 * @module
 */

import { dirname } from "node:path";
import { runtimeFlags } from "./runtime_args.ts";
import { runProgram } from "./run.ts";
import type { Target } from "./targets.ts";

/** What `deno compile` is asked for. */
export interface DenortOptions {
  readonly target: Target;
  readonly bundle: string;
  readonly output: string;
  /** Seconds since 1970 that are written into the executable. */
  readonly epoch: number;
  readonly signal?: AbortSignal;
}

/** The arguments of deno that embed the bundle. */
export function denortArgs({ target, bundle, output }: DenortOptions): string[] {
  return [
    "compile",
    "--quiet",
    ...runtimeFlags,
    "--app-name=plasmd",
    `--target=${target.triple}`,
    `--output=${output}`,
    bundle,
  ];
}

/** Compiles the bundle into one file of the target's own kind. */
export async function compileDenort(options: DenortOptions): Promise<void> {
  // The time of the embedded file is embedded too.
  await Deno.utime(options.bundle, options.epoch, options.epoch);
  await runProgram(Deno.execPath(), denortArgs(options), {
    cwd: dirname(options.bundle),
    signal: options.signal,
  });
}
