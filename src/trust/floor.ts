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
import { manifestPrefix, validSigners } from "../formats/signed.ts";
import { parseTime } from "../formats/time.ts";
import { equalBytes } from "../lib/bytes.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere, writeAtomic } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import { readKeptLists, writeKeptLists } from "./kept_lists.ts";
import { withLock } from "./lock.ts";
import type { TrustPolicy } from "./policy.ts";
import { type KnownLists, signingProblem, signingToday } from "./signing.ts";
import type { VerifiedManifest } from "./verified.ts";
import { floorOf, verifyManifest, type VerifyOptions } from "./verify.ts";

/** What this machine has accepted. */
export interface Floors {
  /**
   * Verifies a manifest against the policy and the floor of its channel and arch. Writes nothing.
   *
   * @throws {PlasmdError} as `verifyManifest`; `io` or `permission` where a floor can't be read
   */
  verify(
    bytes: Uint8Array,
    options: Omit<VerifyOptions, "floor" | "knownLists">,
  ): Promise<VerifiedManifest>;
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
      const shown = parseManifest(bytes);
      const { channel, arch } = shown;
      const kept = await readKept(pathOf(directory, channel, arch));
      const last = kept && readFloor(kept, channel, arch, log);
      const accepted = await readKeptLists(directory, log);
      const knownLists = [...accepted, ...listsOf(last)];
      const counts = last && stillTrusted(last, options.policy, [...knownLists, ...listsOf(shown)]);
      const floor = last && counts ? floorOf(last) : undefined;
      const verified = verifyManifest(bytes, { ...options, floor, knownLists });
      if (last && !counts) {
        log.warn("The last accepted manifest is not trusted any more: its floor is dropped", {
          channel,
          arch,
          sequence: last.sequence,
        });
      }
      seen.set(verified, kept);
      return verified;
    },
    async accept(verified) {
      const { channel, arch } = verified.manifest;
      const path = pathOf(directory, channel, arch);
      try {
        await fs.mkdir(directory, { recursive: true, mode: 0o700 });
        await withLock(join(directory, "lock"), deps.clock, async () => {
          // First, so that a machine that stops here has lost no revocation.
          for (const chain of verified.chains) await writeKeptLists(directory, chain, log);
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

/**
 * DESIGN 5: checked again under today's policy, without expiry; with root keys under the newest key
 * lists, so that a sequence that a stolen key drove up falls with that key.
 */
function stillTrusted(last: Manifest, policy: TrustPolicy, known: KnownLists): boolean {
  const signers = validSigners(manifestPrefix, last);
  const createdAt = parseTime(last.created_at)!;
  return policy.publishers.some((publisher) => {
    const { channels, notBefore = -Infinity } = publisher;
    if (!(channels?.includes(last.channel) ?? true) || createdAt < notBefore) return false;
    const signing = signingToday(publisher, known);
    return signing !== undefined && signingProblem(signing, signers) === undefined;
  });
}

function listsOf(manifest: Manifest | undefined): KnownLists {
  return manifest?.key_lists === undefined ? [] : [manifest.key_lists];
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
