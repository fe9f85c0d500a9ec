/**
 * `plasmd boot kexec`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { BootMachine } from "../boot_machine.ts";
import { type MachineFlags, machineFlags } from "../boot_machine_flags.ts";
import { imageFlags, trustFlags } from "../boot_flags.ts";
import { type StartFlags, startFlags } from "../boot_run_flags.ts";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context, Run } from "../context.ts";

/** The options of `boot kexec`. */
type KexecFlags = MachineFlags & StartFlags & {
  readonly trust?: readonly string[];
  readonly threshold?: number;
  readonly channel?: string;
  readonly allowRollback: boolean;
  readonly cmdline?: string;
  readonly stateDir?: string;
  readonly json: boolean;
};

/** The command. */
export const bootKexecCommand: Command<Context> = command<KexecFlags, [string]>({
  brief: "Start a fetched image in the place of this system",
  description: "Verifies the image in the directory, copies kernel and initramfs into sealed " +
    "memory while it hashes them, loads and starts them at once: nothing is shut down first. " +
    "Exit code 4: refused by verification; 1: the kernel refused, with the reason.",
  examples: [
    ["plasmd boot kexec image --trust ed25519:... --dry-run", "could it be started?"],
    ["plasmd boot kexec image --cmdline 'console=ttyS1 quiet'", "with two more kernel arguments"],
    ["plasmd boot kexec image --load-only && systemctl kexec", "services are stopped first"],
  ],
  flags: {
    trust: trustFlags.trust,
    threshold: trustFlags.threshold,
    channel: imageFlags.channel,
    allowRollback: imageFlags.allowRollback,
    cmdline: textFlag("Kernel arguments to add; no phase.* among them", "ARGS"),
    stateDir: imageFlags.stateDir,
    ...startFlags,
    ...machineFlags,
    json: jsonFlag,
  },
  positional: {
    kind: "tuple",
    parameters: [{ brief: "The directory", placeholder: "DIR", parse: String }],
  },
  run: startImage,
});

async function startImage(run: Run, flags: KexecFlags, directory: string): Promise<void> {
  const { ui, signal } = run;
  const { readMachine } = await import("../boot_machine.ts");
  const { openClient } = await import("../../node/client.ts");
  const { loadImage } = await import("../../boot/run.ts");
  const { withArguments } = await import("../../boot/next_cmdline.ts");
  const { machineArch } = await import("../../formats/names.ts");
  const { outcomeJson, outcomeText, stageText } = await import("../boot_text.ts");
  const machine = await readMachine(flags);
  const verified = await verifyImage(run, flags, machine, directory);
  using client = await openClient({ named: [] }, run.deps);
  const obstacle = client.kexec.obstacle();
  if (obstacle !== undefined && flags.dryRun) ui.warn(obstacle.message);
  else if (obstacle !== undefined) throw obstacle;
  const outcome = await loadImage({ verified, directory, providers: [] }, {
    arch: machineArch(),
    running: withArguments(machine.running, flags.cmdline),
    removeFiles: false,
    dryRun: flags.dryRun,
    signal,
    onStage: (stage) => ui.note(`phase: ${stageText[stage]}`),
  }, client);
  if (flags.json) ui.json(outcomeJson(outcome));
  else ui.result(outcomeText(outcome));
  if (outcome.kind === "checked" || flags.loadOnly) return;
  ui.note(`phase: ${stageText.start}`);
  client.kexec.start();
}

async function verifyImage(
  { ui, deps, signal }: Run,
  flags: KexecFlags,
  { policy, facts }: BootMachine,
  directory: string,
) {
  const { bootVerify } = await import("../../boot/verify.ts");
  const { stateDirectory } = await import("../../lib/state_dir.ts");
  const { makeProgress } = await import("../progress.ts");
  using progress = makeProgress(ui, deps.clock, "verifying");
  const { verified } = await bootVerify(directory, {
    policy,
    channel: flags.channel,
    allowRollback: flags.allowRollback,
    buildTime: facts.buildTime,
    stateDir: stateDirectory(flags.stateDir),
    signal,
    onProgress: progress.update,
  }, deps);
  return verified;
}
