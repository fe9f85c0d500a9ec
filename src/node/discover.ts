/**
 * Joins what a client needs to find providers: a node of the DHT that only asks, with a key of its
 * own that is forgotten, and the LAN. Opened when first used.
 *
 * @module
 */

import { openDht } from "../discovery/dht.ts";
import { findInDht, type Ignored } from "../discovery/find.ts";
import type { ImageTarget } from "../discovery/keys.ts";
import type { Offer } from "../discovery/offer.ts";
import { probeOffer } from "../discovery/probe.ts";
import type { Judged } from "../discovery/rank.ts";
import { search, type Source } from "../discovery/search.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { discoveryLimits } from "../lib/limits.ts";
import { loadPart } from "../lib/part.ts";
import type { TrustPolicy } from "../trust/policy.ts";

/** Where providers are looked for. DESIGN 8. */
export type DiscoveryMode = "auto" | "local" | "internet";

/** What is looked for, and how. */
export interface DiscoverOptions extends ImageTarget {
  readonly mode: DiscoveryMode;
  /** Multiaddrs and dnsaddr names of nodes to join the DHT by. */
  readonly bootstrap: readonly string[];
  readonly policy?: TrustPolicy;
  /** Milliseconds since 1970 at which this system was built: its clock may be behind that. */
  readonly buildTime?: number;
  /** Waits for everybody, instead of the first ones. */
  readonly all: boolean;
  /** Milliseconds; 0 goes on until the signal aborts. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onFound?: (found: Judged) => void;
  readonly onIgnored?: (ignored: Ignored) => void;
}

/**
 * Looks for providers. Returns those that are of use, best first.
 *
 * @throws {PlasmdError} `nothing_found` where there is nowhere to look
 */
export async function discoverProviders(options: DiscoverOptions, deps: Deps): Promise<Judged[]> {
  const sources = sourcesOf(options, deps);
  if (sources.length === 0) {
    throw new PlasmdError("nothing_found", "There is nowhere to look for providers", {
      hint: "name a node of the DHT: --bootstrap /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo...",
    });
  }
  const { policy, buildTime } = options;
  const limits = { connectMs: discoveryLimits.askMs, manifestMs: discoveryLimits.askMs };
  return await search({
    ...options,
    sources,
    probe: (offer, signal) => probeOffer(offer, { policy, buildTime, signal, limits }, deps),
  }, deps);
}

function sourcesOf(options: DiscoverOptions, deps: Deps): Source[] {
  const { mode, bootstrap } = options;
  const sources: Source[] = [];
  if (mode !== "internet") {
    sources.push({
      offers: (signal) => lanOffers(options, signal, deps),
      settleMs: discoveryLimits.lanSettleMs,
    });
  }
  if (mode !== "local" && bootstrap.length > 0) {
    sources.push({
      offers: (signal) => dhtOffers(options, signal, deps),
      // Where all are wanted the walk of the holders is waited for.
      settleMs: options.all ? options.timeoutMs : discoveryLimits.dhtSettleMs,
    });
  }
  return sources;
}

async function* lanOffers(
  { channel, arch, onIgnored }: DiscoverOptions,
  signal: AbortSignal,
  deps: Deps,
): AsyncGenerator<Offer> {
  const { browseMdns } = await loadPart<typeof import("../discovery/mdns/part.ts")>("mdns");
  yield* browseMdns({ channel, arch, signal, onIgnored }, deps);
}

/** Looks until somebody is found; where the search has no end, again and again. */
async function* dhtOffers(
  options: DiscoverOptions,
  signal: AbortSignal,
  deps: Deps,
): AsyncGenerator<Offer> {
  const { channel, arch, bootstrap, buildTime = 0, timeoutMs, all, onIgnored } = options;
  await using node = await openDht({ bootstrap }, deps);
  const keyids = policyKeys(options);
  const clockUnsure = deps.clock.now() < buildTime;
  while (true) {
    let found = false;
    const lookup = { channel, arch, keyids, clockUnsure, all, signal, onIgnored };
    for await (const offer of findInDht(node, lookup, deps)) {
      found = true;
      yield offer;
    }
    if (found && timeoutMs > 0) return;
    const ms = found ? discoveryLimits.watchMs : discoveryLimits.lookupRetryMs;
    await deps.clock.sleep(ms, { signal });
  }
}

/** The keys of all publishers that the policy has for this channel. */
function policyKeys({ policy, channel }: DiscoverOptions): string[] {
  const publishers = (policy?.publishers ?? [])
    .filter(({ channels }) => channels === undefined || channels.includes(channel));
  const keys = new Set(publishers.flatMap(({ keys }) => keys));
  return [...keys].slice(0, discoveryLimits.keysPerImage);
}
