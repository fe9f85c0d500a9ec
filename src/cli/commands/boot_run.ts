/**
 * `plasmd boot run`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { Ignored } from "../../discovery/find.ts";
import { printable } from "../../lib/text.ts";
import { type BootRunFlags, bootRunFlags } from "../boot_run_flags.ts";
import { command } from "../command.ts";
import type { Context, Run } from "../context.ts";

/** The command. */
export const bootRunCommand: Command<Context> = command<BootRunFlags>({
  brief: "Fetch an image, verify it and start it in the place of this system",
  description:
    "Asks the named providers, else those that are found on the LAN and in the DHT, for the " +
    "newest manifest that the policy accepts, fetches " +
    "and verifies its files, loads its kernel and starts it at once: nothing is shut down first. " +
    "Providers come from --provider, from phase.provider on the kernel command line and from the " +
    "boot image. Where the image has a policy, it decides: flags and the command line can only " +
    "narrow it. Exit code 3: no provider is named or found; 4: refused; 5: no provider could deliver.",
  examples: [
    ["plasmd boot run", "in a boot image: what image and kernel command line say"],
    [
      "plasmd boot run --provider http://192.0.2.1:8080 --trust ed25519:... --dry-run",
      "everything but the last step",
    ],
  ],
  flags: bootRunFlags,
  run: runBoot,
});

async function runBoot(run: Run, flags: BootRunFlags): Promise<void> {
  const { ui, deps, signal } = run;
  const { readMachine } = await import("../boot_machine.ts");
  const { openClient } = await import("../../node/client.ts");
  const { bootRun } = await import("../../boot/run.ts");
  const { outcomeJson, outcomeText, stageText } = await import("../boot_text.ts");
  const { findOptions, runOptions, providersOf } = await import("../boot_run_options.ts");
  const { makeProgress } = await import("../progress.ts");
  const machine = await readMachine(flags);
  const options = runOptions(flags, machine);
  const find = findOptions(flags, machine, options);
  const onIgnored = ({ peer, error }: Ignored) =>
    ui.warn(`${printable(peer)} is not used: ${error.message}`);
  using client = await openClient({
    named: providersOf(flags, machine),
    find: find && { ...find, onIgnored },
  }, deps);
  using progress = makeProgress(ui, deps.clock, "fetching");
  const outcome = await bootRun(
    {
      ...options,
      signal,
      onProgress: progress.update,
      onDrop: ({ name, reason }) => ui.warn(`${name} is not used: ${reason}`),
      onWarning: ui.warn,
      onStage: (stage) => ui.note(`phase: ${stageText[stage]}`),
    },
    client,
    deps,
  );
  progress[Symbol.dispose]();
  if (flags.json) ui.json(outcomeJson(outcome));
  else ui.result(outcomeText(outcome));
  if (outcome.kind === "checked" || flags.loadOnly) return;
  ui.note(`phase: ${stageText.start}`);
  client.kexec.start();
}
