/**
 * Decides whether a manifest can be trusted. The only place that makes a VerifiedManifest.
 *
 * @module
 */

import { type Manifest, manifestId, parseManifest } from "../formats/manifest.ts";
import type { Arch } from "../formats/names.ts";
import { manifestPrefix, validSigners } from "../formats/signed.ts";
import { parseTime } from "../formats/time.ts";
import { PlasmdError } from "../lib/errors.ts";
import { formatLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { clockIsBehind, trustedNow } from "./clock.ts";
import type { Publisher, TrustPolicy } from "./policy.ts";
import type { VerifiedManifest } from "./verified.ts";

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
  const { publishers, signers } = acceptingPublishers(manifest, options.policy);
  checkTarget(manifest, options);
  checkTimes(manifest, publishers, options);
  if (!options.allowRollback) checkFloor(manifest, options.floor);
  return { manifest, bytes: own, id: manifestId(manifest), signers } as unknown as VerifiedManifest;
}

/** What a manifest sets as the least to be accepted after it. */
export function floorOf(manifest: Manifest): Floor {
  const createdAt = parseTime(manifest.created_at)!;
  return { sequence: manifest.sequence, id: manifestId(manifest), createdAt };
}

/**
 * The publishers whose thresholds the manifest's signatures reach, and the keys that counted.
 *
 * @throws {PlasmdError} `untrusted` where there is none
 */
export function acceptingPublishers(
  manifest: Manifest,
  policy: TrustPolicy,
): { publishers: readonly Publisher[]; signers: readonly string[] } {
  const valid = validSigners(manifestPrefix, manifest);
  const publishers = policy.publishers.filter(({ keys, threshold, channels }) =>
    (channels?.includes(manifest.channel) ?? true) &&
    // DESIGN 5: distinct keys; validSigners names each once, a policy holds each once.
    keys.filter((key) => valid.includes(key)).length >= threshold
  );
  if (publishers.length === 0) throw untrusted(manifest, policy, valid);
  const counted = new Set(publishers.flatMap(({ keys }) => keys));
  return { publishers, signers: valid.filter((keyid) => counted.has(keyid)) };
}

function untrusted(manifest: Manifest, policy: TrustPolicy, valid: string[]): PlasmdError {
  const who = valid.length === 0
    ? manifest.signatures.length === 0
      ? "it is not signed"
      : "none of its signatures is valid: it was changed after it was signed"
    : `it is validly signed by ${valid.join(", ")} only`;
  const wants = policy.publishers.map(({ keys, threshold, channels }) =>
    `${threshold} of ${keys.join(", ")}` + (channels ? ` for ${channels.join(", ")}` : "")
  );
  return new PlasmdError(
    "untrusted",
    `Cannot trust the manifest of channel "${manifest.channel}": ${who}`,
    { hint: [`the policy from ${policy.source} asks for:`, ...wants].join("\n") },
  );
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
  publishers: readonly Publisher[],
  options: VerifyOptions,
): void {
  const reasons = publishers.map((publisher) => timeProblem(manifest, publisher, options));
  if (!reasons.includes(undefined)) throw reasons[0];
}

function timeProblem(
  { created_at, expires_at }: Manifest,
  { notBefore }: Publisher,
  { now: clock, buildTime, floor }: VerifyOptions,
): PlasmdError | undefined {
  const times = { clock, buildTime, notBefore, acceptedAt: floor?.createdAt };
  const now = trustedNow(times);
  const createdAt = parseTime(created_at)!;
  if (!clockIsBehind(times) && createdAt > now + formatLimits.createdAheadMs) {
    return new PlasmdError(
      "not_yet_valid",
      `The manifest was made in the future: created_at is ${created_at}, now is ${iso(now)}`,
      { hint: "check this machine's clock" },
    );
  }
  // DESIGN 5: expires_at <= now is expired.
  if (parseTime(expires_at)! <= now) {
    return new PlasmdError(
      "expired",
      `The manifest has expired: expires_at is ${expires_at}, now is ${iso(now)}`,
      { hint: "ask the publisher for a newer one, or check this machine's clock" },
    );
  }
  if (notBefore !== undefined && createdAt < notBefore) {
    return new PlasmdError(
      "not_yet_valid",
      `The manifest is older than the policy allows: created_at is ${created_at}, ` +
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
