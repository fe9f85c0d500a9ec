/**
 * Decides whether a manifest can be trusted. The only place that makes a VerifiedManifest.
 *
 * @module
 */

import { type Manifest, manifestId, parseManifest } from "../formats/manifest.ts";
import type { Arch } from "../formats/names.ts";
import { parseTime } from "../formats/time.ts";
import { PlasmdError } from "../lib/errors.ts";
import { formatLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { acceptingPublishers } from "./accepting.ts";
import { clockIsBehind, trustedNow } from "./clock.ts";
import type { TrustPolicy } from "./policy.ts";
import type { KnownLists, Signing } from "./signing.ts";
import type { AcceptedChain, VerifiedManifest } from "./verified.ts";

/** What was accepted last for a channel and arch. */
export interface Floor {
  readonly sequence: number;
  /** The manifest's id. */
  readonly id: string;
  /** `created_at` in milliseconds since 1970. */
  readonly createdAt: number;
}

/** What a manifest is verified against. Times are milliseconds since 1970. */
export interface VerifyOptions {
  readonly policy: TrustPolicy;
  /** The channel asked for; any when absent. */
  readonly channel?: string;
  /** The arch asked for; any when absent. */
  readonly arch?: Arch;
  /** What the clock says. */
  readonly now: number;
  /** When this program or its boot image was built. */
  readonly buildTime?: number;
  /** What was accepted last for this channel and arch. */
  readonly floor?: Floor;
  /** The key lists that were accepted before. */
  readonly knownLists?: KnownLists;
  /** Accept less than the floor. */
  readonly allowRollback?: boolean;
}

/**
 * The manifest that these very bytes spell, if it passes every check.
 *
 * @throws {PlasmdError} `malformed`, `untrusted`, `wrong_target`, `not_yet_valid`, `expired` or
 * `rollback`: the first check that fails, in this order
 */
export function verifyManifest(bytes: Uint8Array, options: VerifyOptions): VerifiedManifest {
  // A copy: who holds the buffer must not be able to change what was verified.
  const own = Uint8Array.from(bytes);
  const manifest = parseManifest(own);
  const { policy, knownLists: known, allowRollback } = options;
  const shown = manifest.key_lists;
  const asked = { shown, known, allowRollback };
  const { signings, signers } = acceptingPublishers(manifest, policy, asked);
  checkTarget(manifest, options);
  checkTimes(manifest, signings, options);
  if (!allowRollback) checkFloor(manifest, options.floor);
  const id = manifestId(manifest);
  const chains = signings.flatMap(acceptedChain);
  return { manifest, bytes: own, id, signers, chains } as unknown as VerifiedManifest;
}

function acceptedChain({ publisher: { keys, threshold }, chain }: Signing): AcceptedChain[] {
  return chain === undefined ? [] : [{ pinned: { keys, threshold }, lists: chain }];
}

/** What a manifest sets as the least to be accepted after it. */
export function floorOf(manifest: Manifest): Floor {
  const createdAt = parseTime(manifest.created_at)!;
  return { sequence: manifest.sequence, id: manifestId(manifest), createdAt };
}

function checkTarget(manifest: Manifest, { channel, arch }: VerifyOptions): void {
  const isFor = `The manifest is for ${manifest.channel}/${manifest.arch}`;
  if (channel !== undefined && manifest.channel !== channel) {
    throw new PlasmdError("wrong_target", `${isFor}, not for channel "${printable(channel)}"`);
  }
  if (arch !== undefined && manifest.arch !== arch) {
    throw new PlasmdError("wrong_target", `${isFor}, not for arch "${printable(arch)}"`);
  }
}

/** Any publisher may accept: it passes if one of them says so, else the first one's reason counts. */
function checkTimes(
  manifest: Manifest,
  signings: readonly Signing[],
  options: VerifyOptions,
): void {
  const reasons = signings.map((signing) => timeProblem(manifest, signing, options));
  if (!reasons.includes(undefined)) throw reasons[0];
}

function timeProblem(
  manifest: Manifest,
  { publisher: { notBefore }, list }: Signing,
  { now: clock, buildTime, floor }: VerifyOptions,
): PlasmdError | undefined {
  const times = { clock, buildTime, notBefore, acceptedAt: floor?.createdAt };
  const bounds = { now: trustedNow(times), behind: clockIsBehind(times), notBefore };
  const problem = datesProblem("The manifest", manifest, bounds);
  if (problem !== undefined || list === undefined) return problem;
  // DESIGN 5: the last list must be unexpired too; those before it led to it in their time.
  return datesProblem(`Key list ${list.list_version} of the manifest`, list, bounds);
}

/** What dates are measured against, in milliseconds since 1970. */
interface Bounds {
  readonly now: number;
  /** Whether the clock can't be right. */
  readonly behind: boolean;
  readonly notBefore?: number;
}

function datesProblem(
  what: string,
  { created_at, expires_at }: Pick<Manifest, "created_at" | "expires_at">,
  { now, behind, notBefore }: Bounds,
): PlasmdError | undefined {
  const createdAt = parseTime(created_at)!;
  if (!behind && createdAt > now + formatLimits.createdAheadMs) {
    return new PlasmdError(
      "not_yet_valid",
      `${what} was made in the future: created_at is ${created_at}, now is ${iso(now)}`,
      { hint: "check this machine's clock" },
    );
  }
  // DESIGN 5: expires_at <= now is expired.
  if (parseTime(expires_at)! <= now) {
    return new PlasmdError(
      "expired",
      `${what} has expired: expires_at is ${expires_at}, now is ${iso(now)}`,
      { hint: "ask the publisher for a newer one, or check this machine's clock" },
    );
  }
  if (notBefore !== undefined && createdAt < notBefore) {
    return new PlasmdError(
      "not_yet_valid",
      `${what} is older than the policy allows: created_at is ${created_at}, ` +
        `not_before is ${iso(notBefore)}`,
    );
  }
}

/** DESIGN 5: never below the floor, and one sequence is one manifest. */
function checkFloor(manifest: Manifest, floor: Floor | undefined): void {
  if (floor === undefined || manifest.sequence > floor.sequence) return;
  if (manifest.sequence === floor.sequence && manifestId(manifest) === floor.id) return;
  const why = manifest.sequence === floor.sequence
    ? `another manifest with sequence ${floor.sequence} was accepted before`
    : `its sequence is ${manifest.sequence}, and ${floor.sequence} was accepted before`;
  throw new PlasmdError("rollback", `The manifest is older than what this machine has: ${why}`, {
    hint: "--allow-rollback accepts it",
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
