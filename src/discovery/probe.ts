/**
 * What a provider really serves: its manifest, taken and judged.
 *
 * @module
 */

import { type Manifest, manifestId, parseManifest } from "../formats/manifest.ts";
import { manifestPrefix, validSigners } from "../formats/signed.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { limitsOf, type TransferLimits } from "../transfer/limits.ts";
import { fetchManifest } from "../transfer/manifest_source.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { verifyManifest } from "../trust/verify.ts";
import type { Offer } from "./offer.ts";
import type { Judged, Judgement } from "./rank.ts";

/** How an offer is judged. */
export interface ProbeOptions {
  /** Whom to trust; without it nothing is refused but what isn't a manifest of the image. */
  readonly policy?: TrustPolicy;
  /** Milliseconds since 1970. */
  readonly buildTime?: number;
  readonly signal: AbortSignal;
  readonly limits?: Partial<TransferLimits>;
}

/** The URL of the manifest that an offer means. DESIGN 8: our own path, none that is named. */
export function manifestUrlOf({ origin, channel, arch }: Offer): URL {
  return new URL(`/${channel}/${arch}/manifest.json`, origin);
}

/** Takes the manifest and judges it. Never throws but for the signal: a refusal is a judgement. */
export async function probeOffer(
  offer: Offer,
  { policy, buildTime, signal, limits }: ProbeOptions,
  deps: Deps,
): Promise<Judged> {
  const start = deps.clock.steady();
  let signers: readonly string[] = [];
  try {
    const options = { signal, limits: limitsOf({ tries: 1, ...limits }) };
    const { bytes } = await fetchManifest(manifestUrlOf(offer), options, deps);
    const latencyMs = deps.clock.steady() - start;
    const manifest = parseManifest(bytes);
    signers = validSigners(manifestPrefix, manifest);
    const now = deps.clock.now();
    const { channel, arch } = offer;
    if (policy !== undefined) verifyManifest(bytes, { policy, channel, arch, now, buildTime });
    else checkTarget(manifest, offer);
    const status = policy === undefined ? "unverified" : "verified";
    return { offer, ...said(manifest), status, signers, latencyMs };
  } catch (thrown) {
    signal.throwIfAborted();
    return { offer, status: "refused", signers, error: toPlasmdError(thrown) };
  }
}

function said(manifest: Manifest): Pick<Judgement, "manifestId" | "version" | "sequence"> {
  const { version, sequence } = manifest;
  return { manifestId: manifestId(manifest), version, sequence };
}

function checkTarget({ channel, arch }: Manifest, offer: Offer): void {
  if (channel === offer.channel && arch === offer.arch) return;
  throw new PlasmdError("wrong_target", `serves ${channel}/${arch} in its place`);
}
