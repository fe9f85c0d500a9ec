/**
 * What the boot commands read of the machine: its kernel's command line, what its image says, and
 * the policy that both make with the flags.
 *
 * @module
 */

import { type BootArguments, parseCmdline } from "../boot/cmdline.ts";
import { type ImageFacts, readImageFacts } from "../boot/image_facts.ts";
import { readBounded } from "../lib/files.ts";
import { bootLimits } from "../lib/limits.ts";
import { loadPolicy, type PinnedKeys } from "../trust/load_policy.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { policyPlaces } from "../trust/policy_file.ts";
import type { MachineFlags } from "./boot_machine_flags.ts";

/** The machine that a command runs on. */
export interface BootMachine {
  /** The running kernel's command line as it is. */
  readonly running: string;
  readonly asked: BootArguments;
  readonly facts: ImageFacts;
  /** Undefined where nothing says whom to trust. */
  readonly policy: TrustPolicy | undefined;
}

/**
 * Reads the machine. DESIGN 5: the image's policy decides, flags and the kernel command line can
 * only narrow it.
 *
 * @throws {PlasmdError} `config` or `policy` where something of it can't be used
 */
export async function readMachine(flags: MachineFlags & PinnedKeys): Promise<BootMachine> {
  const path = flags.cmdlineFile ?? "/proc/cmdline";
  const bytes = await readBounded(path, bootLimits.cmdlineBytes);
  const running = new TextDecoder().decode(bytes).replace(/\n$/, "");
  const asked = parseCmdline(running);
  const facts = await readImageFacts(flags.settings);
  const policy = await loadPolicy({
    imagePolicy: facts.policy,
    userPolicy: policyPlaces((name) => Deno.env.get(name)).filter((place) =>
      place !== facts.policy
    ),
    trust: flags.trust,
    threshold: flags.threshold,
    kernelCmdline: { trust: asked.trust, threshold: asked.threshold },
  });
  return { running, asked, facts, policy };
}
