/**
 * Asks several providers for their manifests at once. It never waits for a dead one when another
 * has answered well. DESIGN 8.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { durationText } from "../lib/text.ts";
import { startDeadline } from "../transfer/deadline.ts";
import type { TransferLimits } from "../transfer/limits.ts";
import { fetchManifest } from "../transfer/manifest_source.ts";

/** What a provider's manifest was judged to be. */
export interface Accepted<T> {
  readonly url: URL;
  readonly value: T;
}

/** Why a provider isn't asked for anything else. */
export interface Refused {
  readonly url: URL;
  readonly error: PlasmdError;
}

/** What came of asking, each list in the order of arrival. */
export interface Gathered<T> {
  readonly accepted: readonly Accepted<T>[];
  readonly refused: readonly Refused[];
}

/** How providers are asked. */
export interface GatherOptions {
  readonly limits: TransferLimits;
  readonly signal: AbortSignal;
}

/**
 * Takes the manifest at each URL and judges it. Returns when all have answered, shortly after the
 * first good one, or when `unreachableMs` is over.
 *
 * @param judge throws what is wrong with a manifest
 * @throws the signal's reason
 */
export async function gather<T>(
  urls: readonly URL[],
  judge: (bytes: Uint8Array) => Promise<T>,
  { limits, signal }: GatherOptions,
  deps: Deps,
): Promise<Gathered<T>> {
  const accepted: Accepted<T>[] = [];
  const refused: Refused[] = [];
  const first = Promise.withResolvers<void>();
  const late = `did not answer within ${durationText(limits.unreachableMs)}`;
  using deadline = startDeadline(deps.clock, limits.unreachableMs, late, signal);
  const enough = new AbortController();
  const options = { limits, signal: AbortSignal.any([deadline.signal, enough.signal]) };

  async function ask(url: URL): Promise<void> {
    try {
      const { bytes } = await fetchManifest(url, options, deps);
      accepted.push({ url, value: await judge(bytes) });
      first.resolve();
    } catch (thrown) {
      refused.push({ url, error: toPlasmdError(thrown) });
    }
  }

  const all = Promise.all(urls.map(ask));
  const settled = new AbortController();
  await Promise.race([
    all,
    first.promise.then(() => deps.clock.sleep(limits.settleMs, { signal: settled.signal })),
  ]);
  settled.abort();
  enough.abort(new PlasmdError("unreachable", "was slower with its manifest than others"));
  await all;
  signal.throwIfAborted();
  return { accepted, refused };
}
