/**
 * Who serves an image, by the DHT: its keys name peers, and each is asked for its signed record.
 *
 * @module
 */

import { openProviderRecord, providerProtocol } from "../formats/provider_record.ts";
import type { Deps } from "../lib/deps.ts";
import { type PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { discoveryLimits } from "../lib/limits.ts";
import type { P2pNode } from "../p2p/options.ts";
import { type Arrivals, makeArrivals } from "./arrivals.ts";
import { imageKey, type ImageTarget, signerKey } from "./keys.ts";
import type { Offer } from "./offer.ts";
import { makePool, type Pool } from "./pool.ts";

/** A peer that offered nothing that we can use. */
export interface Ignored {
  readonly peer: string;
  readonly error: PlasmdError;
}

/** What to look for. */
export interface FindOptions extends ImageTarget {
  /** Keyids of the policy: who serves what they have signed is asked first. */
  readonly keyids?: readonly string[];
  /** Our clock may be far behind. */
  readonly clockUnsure?: boolean;
  /** Asks every holder of the keys, and more providers. */
  readonly all?: boolean;
  readonly signal: AbortSignal;
  /** Told of each peer that is passed over. */
  readonly onIgnored?: (ignored: Ignored) => void;
}

/** One lookup that runs. */
interface Lookup {
  readonly node: P2pNode;
  readonly options: FindOptions;
  readonly signal: AbortSignal;
  readonly offers: Arrivals<Offer>;
  readonly seen: Set<string>;
  readonly deps: Deps;
}

/** Looks once; offers come as they are found. Leaving the loop ends the lookup. */
export async function* findInDht(
  node: P2pNode,
  options: FindOptions,
  deps: Deps,
): AsyncGenerator<Offer> {
  const own = new AbortController();
  const signal = AbortSignal.any([options.signal, own.signal]);
  const offers = makeArrivals<Offer>();
  const lookup: Lookup = { node, options, signal, offers, seen: new Set(), deps };
  node.limitDials(options.all ? discoveryLimits.dialsForAll : discoveryLimits.dials);
  const run = search(lookup).then(() => offers.end(), (thrown) => offers.end(thrown));
  try {
    yield* offers;
  } finally {
    own.abort();
    node.limitDials(Infinity);
    await run;
  }
}

async function search(lookup: Lookup): Promise<void> {
  const { node, options, signal, deps } = lookup;
  await node.joined(signal);
  const pool = makePool(discoveryLimits.asked);
  const policy = (options.keyids ?? []).map((keyid) => signerKey(options, keyid));
  const first = Promise.all(policy.map((key) => askAll(key, lookup, pool)));
  if (policy.length > 0) {
    // DESIGN 8: a client with a policy asks there first, so that spam can't bury a publisher.
    const done = new AbortController();
    const head = deps.clock.sleep(discoveryLimits.policyHeadStartMs, {
      signal: AbortSignal.any([signal, done.signal]),
    });
    await Promise.race([first, head.catch(() => {})]);
    done.abort();
  }
  await Promise.all([first, askAll(imageKey(options), lookup, pool)]);
}

/** Asks every provider of a key that hasn't been asked yet. */
async function askAll(key: string, lookup: Lookup, pool: Pool): Promise<void> {
  const { node, options, signal, seen } = lookup;
  const asked: Promise<void>[] = [];
  const most = options.all ? discoveryLimits.recordsForAll : discoveryLimits.records;
  for await (const peer of node.providers(key, signal, options.all)) {
    if (seen.has(peer) || peer === node.peerId) continue;
    // DESIGN 8: so many records a lookup, however many there are.
    if (seen.size >= most) break;
    seen.add(peer);
    asked.push(pool(() => askPeer(peer, lookup)));
  }
  await Promise.all(asked);
  signal.throwIfAborted();
  options.signal.throwIfAborted();
}

async function askPeer(peer: string, { node, options, signal, offers, deps }: Lookup) {
  if (signal.aborted) return;
  try {
    const { channel, arch, clockUnsure } = options;
    const { bytes, host, latencyMs } = await node.ask(peer, {
      protocol: providerProtocol,
      question: new TextEncoder().encode(imageKey(options)),
      maxBytes: discoveryLimits.recordBytes,
      signal: AbortSignal.any([signal, AbortSignal.timeout(discoveryLimits.askMs)]),
    });
    const now = deps.clock.now();
    const record = openProviderRecord(bytes, { peer, channel, arch, now, clockUnsure });
    const shown = host.includes(":") ? `[${host}]` : host;
    offers.add({
      channel,
      arch,
      // DESIGN 8: the address at which we reached that peer, and nothing that it names.
      origin: `http://${shown}:${record.httpPort}`,
      peer,
      manifestId: record.manifestId,
      sequence: record.sequence,
      via: "dht",
      sameLink: false,
      load: record.load,
      expiresAt: record.expiresAt,
      latencyMs,
    });
  } catch (thrown) {
    if (!signal.aborted) options.onIgnored?.({ peer, error: toPlasmdError(thrown) });
  }
}
