/**
 * `boot verify`: whether a directory holds an image that the policy accepts, all of it.
 *
 * @module
 */

import { join } from "node:path";
import { type Arch, type ArtifactName, artifactNames } from "../formats/names.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { isArtifact } from "../transfer/part_file.ts";
import { openFloors } from "../trust/floor.ts";
import { noPolicyError } from "../trust/load_policy.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import type { VerifiedManifest } from "../trust/verified.ts";

/** What to verify against. */
export interface BootVerifyOptions {
  readonly policy?: TrustPolicy;
  readonly channel?: string;
  readonly arch?: Arch;
  /** Which artifacts must be there; all of the manifest unless given. */
  readonly artifacts?: readonly ArtifactName[];
  readonly allowRollback?: boolean;
  /** When this boot image was built, in milliseconds since 1970. */
  readonly buildTime?: number;
  /** Where the last accepted manifests are kept; nothing is written there. */
  readonly stateDir: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number, label: string) => void;
}

/** An image that was verified. */
export interface VerifyOutcome {
  readonly verified: VerifiedManifest;
  readonly files: readonly {
    readonly name: ArtifactName;
    readonly path: string;
    readonly size: number;
    readonly hash: string;
  }[];
}

/**
 * Verifies `manifest.json` in the directory under the policy, then the files beside it.
 *
 * @throws {PlasmdError} `no_policy`; what verification says of the manifest; `mismatch` for files
 * that are missing or differ; `io` or `permission` where something can't be read
 */
export async function bootVerify(
  directory: string,
  options: BootVerifyOptions,
  deps: Deps,
): Promise<VerifyOutcome> {
  const { policy, channel, arch, allowRollback, buildTime } = options;
  if (policy === undefined) throw noPolicyError([]);
  const path = join(directory, "manifest.json");
  const bytes = await readBoundedIfThere(path, formatLimits.manifestBytes);
  if (bytes === undefined) throw incomplete(directory);
  const floors = openFloors(options.stateDir, deps);
  const now = deps.clock.now();
  const asked = { policy, channel, arch, now, buildTime, allowRollback };
  const verified = await floors.verify(bytes, asked);
  return { verified, files: await verifyFiles(verified, directory, options) };
}

async function verifyFiles(
  { manifest }: VerifiedManifest,
  directory: string,
  { artifacts, signal, onProgress }: BootVerifyOptions,
): Promise<VerifyOutcome["files"]> {
  const names = artifactNames.filter((name) =>
    artifacts?.includes(name) ?? manifest.artifacts[name] !== undefined
  );
  const total = names.reduce((sum, name) => sum + (manifest.artifacts[name]?.size ?? 0), 0);
  let done = 0;
  const files = [];
  for (const name of names) {
    const artifact = manifest.artifacts[name];
    if (artifact === undefined) {
      throw new PlasmdError(
        "mismatch",
        `The manifest in "${printable(directory)}" has no "${name}"`,
      );
    }
    const path = join(directory, name);
    const onChecked = (bytes: number) => onProgress?.(done += bytes, total, name);
    const found = await isArtifact(path, artifact, { signal, onChecked });
    if (found !== "yes") throw wrong(path, found);
    files.push({ name, path, size: artifact.size, hash: artifact.hash });
  }
  return files;
}

function incomplete(directory: string): PlasmdError {
  return new PlasmdError("mismatch", `"${printable(directory)}" holds no manifest.json`, {
    hint: "a fetch writes it last: run plasmd boot fetch again, it goes on where it stopped",
  });
}

function wrong(path: string, found: "no" | "missing"): PlasmdError {
  const what = found === "missing" ? "is missing" : "differs from what was signed";
  return new PlasmdError("mismatch", `"${printable(path)}" ${what}`, {
    hint: "fetch it again: plasmd boot fetch URL --trust KEYID --output DIR",
  });
}
