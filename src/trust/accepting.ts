/**
 * Whose signatures a manifest carries, and whether they are enough. DESIGN 5.
 *
 * @module
 */

import type { Manifest } from "../formats/manifest.ts";
import { manifestPrefix, validSigners } from "../formats/signed.ts";
import { PlasmdError } from "../lib/errors.ts";
import type { Publisher, TrustPolicy } from "./policy.ts";
import { rootPrefix } from "./policy.ts";
import { type Signing, signingOf, type SigningOptions, signingProblem } from "./signing.ts";

/** Who accepts a manifest. */
export interface Accepting {
  /** At least one. */
  readonly signings: readonly Signing[];
  /** The keyids whose signatures counted. */
  readonly signers: readonly string[];
}

/**
 * The publishers whose thresholds the manifest's signatures reach, and the keys that counted.
 *
 * @throws {PlasmdError} `untrusted`, or `rollback` for its key lists, where there is none
 */
export function acceptingPublishers(
  manifest: Manifest,
  policy: TrustPolicy,
  options: SigningOptions,
): Accepting {
  const valid = validSigners(manifestPrefix, manifest);
  const signings: Signing[] = [];
  const refusals: Refusal[] = [];
  for (const publisher of policy.publishers) {
    if (!(publisher.channels?.includes(manifest.channel) ?? true)) {
      refusals.push({ publisher });
      continue;
    }
    const judged = judge(publisher, valid, options);
    if ("problem" in judged) refusals.push({ publisher, problem: judged.problem });
    else signings.push(judged);
  }
  if (signings.length === 0) throw untrusted(manifest, policy, valid, refusals);
  const counted = new Set(signings.flatMap(({ keys }) => keys));
  return { signings, signers: valid.filter((keyid) => counted.has(keyid)) };
}

/** A publisher that doesn't accept, with the reason where it isn't for another channel. */
interface Refusal {
  readonly publisher: Publisher;
  readonly problem?: PlasmdError;
}

function judge(
  publisher: Publisher,
  valid: readonly string[],
  options: SigningOptions,
): Signing | { problem: PlasmdError } {
  try {
    const signing = signingOf(publisher, options);
    const problem = signingProblem(signing, valid);
    return problem === undefined ? signing : { problem: new PlasmdError("untrusted", problem) };
  } catch (thrown) {
    if (thrown instanceof PlasmdError) return { problem: thrown };
    throw thrown;
  }
}

function untrusted(
  manifest: Manifest,
  policy: TrustPolicy,
  valid: readonly string[],
  refusals: readonly Refusal[],
): PlasmdError {
  const head = `Cannot trust the manifest of channel "${manifest.channel}"`;
  const wants = [`the policy from ${policy.source} asks for:`, ...refusals.map(wantText)];
  const [only] = refusals;
  // One publisher with key lists: what is wrong with them is the reason.
  if (refusals.length === 1 && only!.publisher.root && only!.problem && valid.length > 0) {
    const { code, message, hint } = only!.problem;
    const hints = hint === undefined ? wants : [hint, ...wants];
    return new PlasmdError(code, `${head}: ${lowerFirst(message)}`, { hint: hints.join("\n") });
  }
  return new PlasmdError("untrusted", `${head}: ${signersText(manifest, valid)}`, {
    hint: wants.join("\n"),
  });
}

function signersText({ signatures }: Manifest, valid: readonly string[]): string {
  if (valid.length > 0) return `it is validly signed by ${valid.join(", ")} only`;
  return signatures.length === 0
    ? "it is not signed"
    : "none of its signatures is valid: it was changed after it was signed";
}

function wantText({ publisher, problem }: Refusal): string {
  const { keys, threshold, channels, root } = publisher;
  const pins = keys.map((keyid) => root ? `${rootPrefix}${keyid}` : keyid).join(", ");
  const where = channels ? ` for ${channels.join(", ")}` : "";
  const why = root && problem ? ` (${lowerFirst(problem.message)})` : "";
  return `${threshold} of ${pins}${where}${why}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
