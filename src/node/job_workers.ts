/**
 * Which workers a job may go to: those that somebody names with their keys, or those that the DHT
 * knows. The key of one that was found is that of the peer that was connected.
 *
 * @module
 */

import { findWorkers, type FoundWorker } from "../discovery/capability.ts";
import { openDht } from "../discovery/dht.ts";
import { publicKeyOf } from "../identity/keyid.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import { providerOrigin } from "./provider_client.ts";

/** A worker, and the key that its receipts must be signed with. */
export interface WorkerChoice {
  readonly origin: string;
  readonly keyid: string;
}

/** Which workers are looked for, and from where. */
export interface WorkerSearch {
  /** Multiaddrs and dnsaddr names of nodes to join the DHT by. */
  readonly bootstrap: readonly string[];
  readonly arch?: string;
  readonly runtime?: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The same, with those that somebody named: URLs, peer ids, or `auto`. */
export interface WorkerWish extends WorkerSearch {
  readonly named: readonly string[];
  /** A keyid for each URL, in order. */
  readonly keys: readonly string[];
}

/**
 * The workers that a job may go to, the best first.
 *
 * @throws {PlasmdError} `usage` for a URL without a key, or what is none, `nothing_found`
 */
export async function chooseWorkers(wish: WorkerWish, deps: Deps): Promise<WorkerChoice[]> {
  const { named, keys } = wish;
  if (named.length === 1 && named[0] === "auto") {
    const found = await findJobWorkers(wish, deps);
    if (found.length === 0) throw new PlasmdError("nothing_found", "No worker was found in time");
    return found;
  }
  const urls = named.filter((one) => !isPeerId(one));
  if (urls.length !== keys.length) {
    throw new PlasmdError(
      "usage",
      `${urls.length} workers are named by URL, and ${keys.length} keys`,
      {
        hint: "give --worker-key after each --worker URL: a receipt is worth what that key is\n" +
          "or --worker auto, or a peer id, which is a key",
      },
    );
  }
  for (const keyid of keys) {
    if (publicKeyOf(keyid) !== undefined) continue;
    throw new PlasmdError("usage", `Invalid --worker-key "${printable(keyid)}"`, {
      hint: "it is ed25519: and 64 lower-case hex digits",
    });
  }
  const peers = await findPeers(named.filter(isPeerId), wish, deps);
  let next = 0;
  return named.map((one) =>
    isPeerId(one) ? peers.get(one)! : { origin: providerOrigin(one), keyid: keys[next++]! }
  );
}

/**
 * Workers that the DHT knows and that have answered, the least busy first.
 *
 * @throws {PlasmdError} `nothing_found` where there is no node to join by
 */
export async function findJobWorkers(search: WorkerSearch, deps: Deps): Promise<FoundWorker[]> {
  return await inDht(search, deps, async (node, signal) => {
    const { arch, runtime } = search;
    return await findWorkers(node, { arch, runtime, signal });
  });
}

function isPeerId(text: string): boolean {
  return /^12D3Koo[1-9A-HJ-NP-Za-km-z]{45}$/.test(text);
}

/** Those of these peers that the DHT knows as workers. */
async function findPeers(
  peers: readonly string[],
  search: WorkerSearch,
  deps: Deps,
): Promise<Map<string, WorkerChoice>> {
  if (peers.length === 0) return new Map();
  const { bootstrap, timeoutMs, signal } = search;
  const found = await findJobWorkers({ bootstrap, timeoutMs, signal }, deps);
  const byPeer = new Map(found.map((one) => [one.peer, one]));
  const missing = peers.find((peer) => !byPeer.has(peer));
  if (missing === undefined) return byPeer;
  throw new PlasmdError("nothing_found", `Worker ${missing} was not found in time`, {
    hint: "does it run, with jobs on? plasmd job workers lists those that are found",
  });
}

async function inDht<T>(
  { bootstrap, timeoutMs, signal }: WorkerSearch,
  deps: Deps,
  work: (node: Awaited<ReturnType<typeof openDht>>, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (bootstrap.length === 0) {
    throw new PlasmdError("nothing_found", "There is nowhere to look for workers", {
      hint: "name a node of the DHT: --bootstrap /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo...",
    });
  }
  // DESIGN 4: a client has a key of its own that is forgotten, and holds nothing for others.
  await using node = await openDht({ bootstrap }, deps);
  const end = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    await node.joined(end);
    return await work(node, end);
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof PlasmdError) throw thrown;
    const why = thrown instanceof Error ? printable(thrown.message, 200) : "no answer";
    throw new PlasmdError("nothing_found", `The DHT was not reached in time: ${why}`, {
      cause: thrown,
      hint: "is the node running, and can it be reached? --find-timeout waits longer",
    });
  }
}
