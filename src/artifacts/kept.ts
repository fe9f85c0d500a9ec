/**
 * The last signed manifest of each channel and arch, kept over a restart: clients see one sequence
 * for one image, and the next one is higher.
 *
 * @module
 */

import { join } from "node:path";
import type { Deps } from "../lib/deps.ts";
import { toPlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere, writeAtomic } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import type { Target } from "./scan.ts";

/** Its place in the state directory. */
export const keptDirectory = "manifests";

/** The bytes of the manifest that was signed last, or undefined. What it says isn't checked here. */
export async function readKept(
  stateDir: string,
  target: Target,
  { log }: Pick<Deps, "log">,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const options = { followLinks: false };
  try {
    return await readBoundedIfThere(placeOf(stateDir, target), formatLimits.manifestBytes, options);
  } catch (thrown) {
    log.warn("Cannot read the last signed manifest: a new one is signed", {
      reason: toPlasmdError(thrown).message,
    });
  }
}

/** Keeps a manifest; warns where that can't be done. */
export async function writeKept(
  stateDir: string,
  target: Target,
  bytes: Uint8Array,
  { log }: Pick<Deps, "log">,
): Promise<void> {
  const place = placeOf(stateDir, target);
  try {
    await Deno.mkdir(join(stateDir, keptDirectory), { recursive: true, mode: 0o700 });
    await writeAtomic(place, bytes);
  } catch (thrown) {
    log.warn("The signed manifest is not kept: a restart signs a new one", {
      reason: toPlasmdError(thrown).message,
    });
  }
}

/** Neither name holds a slash, and no arch holds a dot: one file for one target. */
function placeOf(stateDir: string, { channel, arch }: Target): string {
  return join(stateDir, keptDirectory, `${channel}.${arch}.json`);
}
