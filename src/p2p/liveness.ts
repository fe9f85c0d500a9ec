/**
 * Whether peers still live: connections that stay silent are closed after several pings, peers that
 * can't be reached leave the routing table.
 *
 * @module
 */

import type { PeerId } from "@libp2p/interface";
import type { Deps } from "../lib/deps.ts";
import { p2pLimits } from "../lib/limits.ts";
import type { Node } from "./libp2p.ts";

/** Looks at all peers now and then, until the signal aborts. */
export function keepAlive(node: Node, stopping: AbortSignal, deps: Deps): void {
  const failures = new Map<string, number>();
  const go = async () => {
    while (!stopping.aborted) {
      // A quarter more or less, so that nodes don't ping each other at the same time.
      const spread = 0.75 + deps.random.bytes(1)[0]! / 512;
      await deps.clock.sleep(p2pLimits.livenessMs * spread, { signal: stopping });
      await checkConnections(node, failures, stopping);
      await checkTable(node, stopping);
    }
  };
  go().catch(() => {}); // it ends only when the node stops
}

/** Pings every peer; one that misses several in a row is cut off. */
export async function checkConnections(
  node: Node,
  failures: Map<string, number>,
  stopping: AbortSignal,
): Promise<void> {
  const peers = node.getPeers();
  const connected = new Set(peers.map(String));
  for (const peer of failures.keys()) if (!connected.has(peer)) failures.delete(peer);
  await Promise.all(peers.map(async (peer) => {
    if (await answers(node, peer, stopping)) return failures.delete(peer.toString());
    const missed = (failures.get(peer.toString()) ?? 0) + 1;
    failures.set(peer.toString(), missed);
    if (missed < p2pLimits.pingFailures) return;
    for (const connection of node.getConnections(peer)) {
      connection.abort(new Error("No answer to several pings"));
    }
  }));
}

async function answers(node: Node, peer: PeerId, stopping: AbortSignal): Promise<boolean> {
  try {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(p2pLimits.pingMs)]);
    await node.services.ping.ping(peer, { signal });
    return true;
  } catch (thrown) {
    // Whoever refuses the protocol is there.
    return (thrown as Error).name === "UnsupportedProtocolError";
  }
}

/** Dials some of the table's peers that aren't connected; those that fail are taken out. */
export async function checkTable(node: Node, stopping: AbortSignal): Promise<void> {
  const table = node.services.dht.routingTable;
  const away = [...table.kb.toIterable()].map(({ peerId }) => peerId)
    .filter((peer) => !peer.equals(node.peerId) && node.getConnections(peer).length === 0);
  for (const peer of away.slice(0, p2pLimits.livenessDials)) {
    if (stopping.aborted) return;
    try {
      await node.dial(peer, {
        signal: AbortSignal.any([stopping, AbortSignal.timeout(p2pLimits.dialMs)]),
      });
    } catch {
      if (!stopping.aborted) await table.remove(peer);
    }
  }
}
