/**
 * `plasmd boot status`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { BootedFrom } from "../../boot/booted.ts";
import { printable } from "../../lib/text.ts";
import { type MachineFlags, machineFlags } from "../boot_machine_flags.ts";
import { imageFlags, trustFlags } from "../boot_flags.ts";
import { imageJson, imageText } from "../boot_text.ts";
import { command, jsonFlag } from "../command.ts";
import type { Context } from "../context.ts";

/** The options of `boot status`. */
type StatusFlags = MachineFlags & {
  readonly trust?: readonly string[];
  readonly threshold?: number;
  readonly stateDir?: string;
  readonly json: boolean;
};

/** The command. */
export const bootStatusCommand: Command<Context> = command<StatusFlags, [string?]>({
  brief: "Say what this system was booted from, verified again",
  description: "Checks the manifest and files that the previous system handed over. Exit code 0: " +
    "they are what a trusted publisher signed; 3: this system was booted in another way; 4: refused.",
  examples: [
    ["plasmd boot status", "what is this machine running?"],
    ["plasmd boot status --json", "for programs"],
  ],
  flags: {
    trust: trustFlags.trust,
    threshold: trustFlags.threshold,
    stateDir: imageFlags.stateDir,
    ...machineFlags,
    json: jsonFlag,
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
  async run(run, flags, directory) {
    const { openBooted } = await import("../boot_handover.ts");
    const { booted } = await openBooted(run, flags, directory);
    if (flags.json) run.ui.json(statusJson(booted));
    else run.ui.result(statusText(booted));
  },
});

function statusJson({ verified, providers, present, missing }: BootedFrom) {
  return { ...imageJson(verified), verified: true, providers, present, missing };
}

function statusText({ verified, providers, present, missing }: BootedFrom): string {
  return [
    `booted from  ${imageText(verified)}`,
    `manifest     ${verified.id}`,
    `providers    ${providers.map((url) => printable(url)).join(", ") || "unknown"}`,
    `verified     manifest${present.map((name) => `, ${name}`).join("")}`,
    ...(missing.length === 0 ? [] : [`not here     ${missing.join(", ")} (plasmd boot refill)`]),
  ].join("\n");
}
