/**
 * `plasmd boot refill`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { type MachineFlags, machineFlags } from "../boot_machine_flags.ts";
import { imageFlags, trustFlags } from "../boot_flags.ts";
import { command } from "../command.ts";
import type { Context } from "../context.ts";

/** The options of `boot refill`. */
type RefillFlags = MachineFlags & {
  readonly trust?: readonly string[];
  readonly threshold?: number;
  readonly stateDir?: string;
};

/** The command. */
export const bootRefillCommand: Command<Context> = command<RefillFlags, [string?]>({
  brief: "Fetch again what was left out when this system was booted",
  description: "Where memory was short, some files were not handed over to this system. They are " +
    "fetched from the providers that served them, as long as these still serve the same manifest. " +
    "Exit code 4: refused; 5: nobody could deliver.",
  examples: [["plasmd boot refill", "then serve what this machine was booted from"]],
  flags: {
    trust: trustFlags.trust,
    threshold: trustFlags.threshold,
    stateDir: imageFlags.stateDir,
    ...machineFlags,
  },
  positional: {
    kind: "tuple",
    parameters: [{
      brief: "The handover; default: /run/phase/handover",
      placeholder: "DIR",
      parse: String,
      optional: true,
    }],
  },
  async run(run, flags, given) {
    const { openBooted } = await import("../boot_handover.ts");
    const { refillBooted } = await import("../../boot/booted.ts");
    const { makeProgress } = await import("../progress.ts");
    const { directory, booted, options } = await openBooted(run, flags, given);
    const { ui, deps } = run;
    using progress = makeProgress(ui, deps.clock, "fetching");
    await refillBooted(directory, booted, { ...options, onProgress: progress.update }, deps);
    progress[Symbol.dispose]();
    const names = booted.missing.join(", ") || "nothing";
    ui.result(`${directory}: ${names} fetched, the image is whole`);
  },
});
