/**
 * The moment in which verified files become an image.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactName } from "../formats/names.ts";
import { equalBytes } from "../lib/bytes.ts";
import { toPlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere, syncDirectory, writeAtomic } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import type { VerifiedManifest } from "../trust/verified.ts";
import { partPath } from "./part_file.ts";

/**
 * Gives all files their names. The manifest of an older image goes first and the new one comes
 * last, so that a manifest never lies beside files that aren't its own.
 *
 * @throws {PlasmdError} `io`, `permission` or `no_space`
 */
export async function publish(
  { bytes }: VerifiedManifest,
  names: readonly ArtifactName[],
  output: string,
): Promise<void> {
  const path = join(output, "manifest.json");
  try {
    const old = await readBoundedIfThere(path, formatLimits.manifestBytes).catch(() => null);
    const same = old instanceof Uint8Array && equalBytes(old, bytes);
    if (old !== undefined && !same) await fs.unlink(path);
    for (const name of names) await fs.rename(partPath(output, name), join(output, name));
    await syncDirectory(output);
    if (!same) await writeAtomic(path, bytes);
  } catch (thrown) {
    throw toPlasmdError(thrown, `Cannot put the image into "${output}"`);
  }
}
