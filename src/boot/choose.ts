/**
 * Which of several verified manifests is taken, and what is said where none is.
 *
 * @module
 */

import { type ErrorCode, PlasmdError } from "../lib/errors.ts";
import type { VerifiedManifest } from "../trust/verified.ts";
import type { Accepted, Refused } from "./gather.ts";

/** The manifest that is taken, and who serves it. */
export interface Choice {
  readonly verified: VerifiedManifest;
  /** Those that serve exactly this manifest, the quickest first. */
  readonly urls: readonly URL[];
  /** Those that serve another one. */
  readonly others: readonly Refused[];
}

/** Takes the highest sequence; of two manifests with the same one, that which came first. DESIGN 8. */
export function choose(accepted: readonly Accepted<VerifiedManifest>[]): Choice | undefined {
  let best: VerifiedManifest | undefined;
  for (const { value } of accepted) {
    if (best === undefined || value.manifest.sequence > best.manifest.sequence) best = value;
  }
  if (best === undefined) return undefined;
  const chosen = best;
  const urls = accepted.filter(({ value }) => value.id === chosen.id).map(({ url }) => url);
  const others = accepted.filter(({ value }) => value.id !== chosen.id)
    .map(({ url, value }) => ({ url, error: otherManifest(value, chosen) }));
  return { verified: chosen, urls, others };
}

function otherManifest({ manifest }: VerifiedManifest, chosen: VerifiedManifest): PlasmdError {
  const older = manifest.sequence < chosen.manifest.sequence;
  return new PlasmdError(
    "bad_source",
    older
      ? `serves an older manifest (sequence ${manifest.sequence}, not ${chosen.manifest.sequence})`
      : `serves another manifest with the same sequence ${manifest.sequence}`,
  );
}

const verificationCodes: readonly ErrorCode[] = [
  "malformed",
  "untrusted",
  "wrong_target",
  "expired",
  "not_yet_valid",
  "rollback",
];

/**
 * The error where no manifest can be taken: what verification said if it refused any, else that
 * nobody answered.
 */
export function nobodyAccepted(refused: readonly Refused[]): PlasmdError {
  const judged = refused.find(({ error }) => verificationCodes.includes(error.code));
  const telling = judged ?? refused[0]!;
  const lines = refused.map(({ url, error }) => `${url.origin}: ${error.message}`);
  const message = lines.length === 1
    ? lines[0]!
    : ["No provider has a manifest that can be accepted", ...lines.map((line) => `  ${line}`)]
      .join("\n");
  const hint = telling.error.hint ??
    (telling.error.code === "unreachable"
      ? "is it running there, and is the port right?"
      : undefined);
  return new PlasmdError(telling.error.code, message, { hint, cause: telling.error });
}
