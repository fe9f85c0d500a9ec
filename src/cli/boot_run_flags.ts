/**
 * The flags of `plasmd boot run`, and those that it shares with `boot kexec`.
 *
 * @module
 */

import type { Arch } from "../formats/names.ts";
import { type MachineFlags, machineFlags } from "./boot_machine_flags.ts";
import { imageFlags, trustFlags } from "./boot_flags.ts";
import { jsonFlag, textFlag, textsFlag } from "./command.ts";
import { type DiscoveryFlags, discoveryFlags } from "./discover_flags.ts";

/** What is done with a kernel that could be started. */
export type StartFlags = {
  readonly dryRun: boolean;
  readonly loadOnly: boolean;
};

/** `--dry-run` and `--load-only`. */
export const startFlags = {
  dryRun: {
    kind: "boolean",
    brief: "Verify and prepare everything, load nothing",
    default: false,
    withNegated: false,
  },
  loadOnly: {
    kind: "boolean",
    brief: "Load the kernel; the system starts it: systemctl kexec",
    default: false,
    withNegated: false,
  },
} as const;

/** The options of `boot run`. */
export type BootRunFlags = MachineFlags & StartFlags & DiscoveryFlags & {
  readonly provider?: readonly string[];
  readonly trust?: readonly string[];
  readonly threshold?: number;
  readonly channel?: string;
  readonly arch?: Arch;
  readonly allowRollback: boolean;
  readonly output?: string;
  readonly stateDir?: string;
  readonly json: boolean;
};

/** The same as stricli wants them. */
export const bootRunFlags = {
  provider: textsFlag("A provider; may be given several times", "URL"),
  ...discoveryFlags,
  trust: trustFlags.trust,
  threshold: trustFlags.threshold,
  channel: imageFlags.channel,
  arch: imageFlags.arch,
  allowRollback: imageFlags.allowRollback,
  output: textFlag("Where the files go, and stay; default: boot in the state directory", "DIR"),
  stateDir: imageFlags.stateDir,
  ...startFlags,
  ...machineFlags,
  json: jsonFlag,
} as const;
