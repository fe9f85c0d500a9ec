/**
 * Opens a handover for the commands that deal with one.
 *
 * @module
 */

import { type BootedFrom, type BootedOptions, readBooted } from "../boot/booted.ts";
import { handoverDirectory } from "../boot/handover.ts";
import { stateDirectory } from "../lib/state_dir.ts";
import type { PinnedKeys } from "../trust/load_policy.ts";
import { readMachine } from "./boot_machine.ts";
import type { MachineFlags } from "./boot_machine_flags.ts";
import type { Run } from "./context.ts";
import { makeProgress } from "./progress.ts";

/** A handover that was verified, and how. */
export interface OpenBooted {
  readonly directory: string;
  readonly booted: BootedFrom;
  readonly options: BootedOptions;
}

/** Verifies the handover of this machine, or another one. */
export async function openBooted(
  { ui, deps, signal }: Run,
  flags: MachineFlags & PinnedKeys & { readonly stateDir?: string },
  directory: string = handoverDirectory,
): Promise<OpenBooted> {
  const { policy, facts } = await readMachine(flags);
  const stateDir = stateDirectory(flags.stateDir);
  const options = { policy, buildTime: facts.buildTime, stateDir, signal };
  using progress = makeProgress(ui, deps.clock, "verifying");
  const booted = await readBooted(directory, { ...options, onProgress: progress.update }, deps);
  return { directory, booted, options };
}
