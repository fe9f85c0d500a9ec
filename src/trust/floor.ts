/**
 * Floors: the last accepted manifest of each channel and arch, kept so that nobody can feed this
 * machine an older one. DESIGN 5 and 10.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, parseManifest } from "../formats/manifest.ts";
import type { Arch } from "../formats/names.ts";
import { parseTime } from "../formats/time.ts";
import { equalBytes } from "../lib/bytes.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere, writeAtomic } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import { withLock } from "./lock.ts";
import type { TrustPolicy } from "./policy.ts";
import type { VerifiedManifest } from "./verified.ts";
import { acceptingPublishers, floorOf, verifyManifest, type VerifyOptions } from "./verify.ts";

/** What this machine has accepted. */
export interface Floors {
  /**
   * Verifies a manifest against the policy and the floor of its channel and arch. Writes nothing.
   *
   * @throws {PlasmdError} as `verifyManifest`; `io` or `permission` where a floor can't be read
   */
  verify(bytes: Uint8Array, options: Omit<VerifyOptions, "floor">): Promise<VerifiedManifest>;
  /**
   * Keeps the manifest as the floor from now on.
   *
   * @throws {PlasmdError} `io`, `permission`, `no_space` or `busy` where it can't be kept
   */
  accept(verified: VerifiedManifest): Promise<void>;
}

/** Opens the floors of a state directory; it is made when something is accepted. */
export function openFloors(stateDir: string, deps: Pick<Deps, "clock" | "log">): Floors {
  const directory = join(stateDir, "floors");
  const log = deps.log.child("floor");
  // What lay there when a manifest was verified: what accept may replace.
  const seen = new WeakMap<VerifiedManifest, Uint8Array | undefined>();
  return {
    async verify(bytes, options) {
      const { channel, arch } = parseManifest(bytes);
      const kept = await readKept(pathOf(directory, channel, arch));
      const manifest = kept && readFloor(kept, channel, arch, log);
      const counts = manifest && stillTrusted(manifest, options.policy);
      if (manifest && !counts) {
        log.warn("The last accepted manifest is not trusted any more: its floor is dropped", {
          channel,
          arch,
          sequence: manifest.sequence,
        });
      }
      const floor = manifest && counts ? floorOf(manifest) : undefined;
      const verified = verifyManifest(bytes, { ...options, floor });
      seen.set(verified, kept);
      return verified;
    },
    async accept(verified) {
      const { channel, arch } = verified.manifest;
      const path = pathOf(directory, channel, arch);
      try {
        await fs.mkdir(directory, { recursive: true, mode: 0o700 });
        await withLock(join(directory, "lock"), deps.clock, async () => {
          const kept = await readKept(path);
          if (kept && equalBytes(kept, verified.bytes)) return;
          const changed = kept !== undefined && !isSame(kept, seen.get(verified));
          // Another client was quicker: the higher sequence stays.
          if (changed && sequenceOf(kept) >= verified.manifest.sequence) return;
          await writeAtomic(path, verified.bytes);
        });
      } catch (thrown) {
        const error = toPlasmdError(thrown);
        const message = `Cannot keep what was accepted for ${channel}/${arch}: ${error.message}`;
        throw new PlasmdError(error.code, message, { cause: thrown, hint: error.hint });
      }
    },
  };
}

/** Both parts come from closed sets without slashes; the arch first keeps two names apart. */
function pathOf(directory: string, channel: string, arch: Arch): string {
  return join(directory, `${arch}-${channel}.json`);
}

async function readKept(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readBoundedIfThere(path, formatLimits.manifestBytes, { followLinks: false });
  } catch (thrown) {
    // Larger than any manifest: as good as no manifest, and told apart from an absent one.
    if (toPlasmdError(thrown).code === "too_large") return new Uint8Array();
    throw thrown;
  }
}

function readFloor(
  kept: Uint8Array,
  channel: string,
  arch: Arch,
  log: Deps["log"],
): Manifest | undefined {
  try {
    const manifest = parseManifest(kept);
    if (manifest.channel === channel && manifest.arch === arch) return manifest;
  } catch {
    // Said below.
  }
  log.warn("The last accepted manifest is damaged: its floor is dropped", { channel, arch });
  return undefined;
}

/** DESIGN 5: checked again under today's policy, without expiry. */
function stillTrusted(manifest: Manifest, policy: TrustPolicy): boolean {
  try {
    const createdAt = parseTime(manifest.created_at)!;
    return acceptingPublishers(manifest, policy).publishers
      .some(({ notBefore }) => notBefore === undefined || createdAt >= notBefore);
  } catch {
    return false;
  }
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && equalBytes(a, b);
}

function sequenceOf(kept: Uint8Array): number {
  try {
    return parseManifest(kept).sequence;
  } catch {
    return -1;
  }
}
