/**
 * Holds what a booted system is about to serve against the policy that it was booted under.
 *
 * @module
 */

import { join } from "node:path";
import { readBounded } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import { stateDirectory } from "../lib/state_dir.ts";
import { openFloors } from "../trust/floor.ts";
import { readMachine } from "./boot_machine.ts";
import type { Run } from "./context.ts";

/** What is served, and whose policy decides. */
export interface HandoverCheck {
  readonly artifacts: string;
  /** The boot image's settings. */
  readonly settings: string;
  readonly stateDir?: string;
}

/**
 * DESIGN 9: the booted node verifies everything again before it serves. The files' hashes are the
 * daemon's to check; whose signature counts is said by the image, here. An image that pins nobody
 * has nothing to check against.
 *
 * @throws {PlasmdError} what verification says; `io` where there is no manifest
 */
export async function checkHandover(
  { artifacts, settings, stateDir }: HandoverCheck,
  { deps }: Pick<Run, "deps">,
): Promise<void> {
  const { policy, facts } = await readMachine({ settings });
  if (policy === undefined) return;
  const bytes = await readBounded(join(artifacts, "manifest.json"), formatLimits.manifestBytes);
  const floors = openFloors(stateDirectory(stateDir), deps);
  await floors.verify(bytes, { policy, now: deps.clock.now(), buildTime: facts.buildTime });
}
