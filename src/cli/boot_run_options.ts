/**
 * What a boot is asked for, made of flags, the kernel command line and the image's settings: the
 * first that says something counts.
 *
 * @module
 */

import { join } from "node:path";
import type { BootRunOptions } from "../boot/run.ts";
import { machineArch } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import { bootLimits } from "../lib/limits.ts";
import { stateDirectory } from "../lib/state_dir.ts";
import type { ClientProviders } from "../node/client.ts";
import type { BootMachine } from "./boot_machine.ts";
import type { BootRunFlags } from "./boot_run_flags.ts";
import { bootstrapOf, type DiscoveryFlags } from "./discover_flags.ts";

/** The channel where nothing else is said. DESIGN 14. */
const defaultChannel = "stable";

/** The part of a boot's options that is decided before it starts. */
export type DecidedOptions = Omit<BootRunOptions, "signal">;

/** How providers are found. */
type FindOptions = NonNullable<ClientProviders["find"]>;

/**
 * The options of a boot.
 *
 * @throws {PlasmdError} `wrong_target` where another arch than this machine's is asked for
 */
export function runOptions(flags: BootRunFlags, machine: BootMachine): DecidedOptions {
  const { asked, facts, policy, running } = machine;
  const stateDir = stateDirectory(flags.stateDir);
  requireOwnArch(flags, machine);
  return {
    policy,
    channel: flags.channel ?? asked.channel ?? facts.channel ?? defaultChannel,
    arch: machineArch(),
    buildTime: facts.buildTime,
    running,
    output: flags.output ?? join(stateDir, "boot"),
    removeFiles: flags.output === undefined,
    stateDir,
    allowRollback: flags.allowRollback,
    dryRun: flags.dryRun,
  };
}

function requireOwnArch({ arch }: BootRunFlags, { asked }: BootMachine): void {
  const wanted = arch ?? asked.arch ?? machineArch();
  if (wanted === machineArch()) return;
  throw new PlasmdError(
    "wrong_target",
    `Cannot start an image for ${wanted}: this machine is ${machineArch()}`,
  );
}

/** How providers are found where none is named; undefined with `phase.mode=private`. DESIGN 8. */
export function findOptions(
  flags: DiscoveryFlags,
  { asked, facts }: Pick<BootMachine, "asked" | "facts">,
  { channel, arch, policy }: Pick<DecidedOptions, "channel" | "arch" | "policy">,
): FindOptions | undefined {
  const mode = flags.mode ?? asked.mode ?? "auto";
  if (mode === "private") return undefined;
  const bootstrap = bootstrapOf(flags);
  return {
    channel,
    arch,
    policy,
    mode,
    bootstrap: bootstrap.length > 0 ? bootstrap : asked.bootstrap ?? [],
    buildTime: facts.buildTime,
    timeoutMs: bootLimits.discoverMs,
  };
}

/** The providers that are asked: those of the flags, else of the command line, else the image's. */
export function providersOf(
  { provider = [] }: Pick<BootRunFlags, "provider">,
  { asked, facts }: Pick<BootMachine, "asked" | "facts">,
): readonly string[] {
  if (provider.length > 0) return provider;
  return asked.provider ?? facts.providers;
}
