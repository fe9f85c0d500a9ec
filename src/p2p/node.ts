/**
 * One libp2p node: opened, kept joined and alive, and closed.
 *
 * @module
 */

import type { IdentifyResult } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { p2pLimits } from "../lib/limits.ts";
import { readAddress, scopeOf } from "./address.ts";
import { keepJoined } from "./bootstrap.ts";
import { type Gate, makeGate } from "./gate.ts";
import { findKey, getValue, type KadContext, provideKey, providerCid, putValue } from "./kad.ts";
import { makeLibp2p, type Node } from "./libp2p.ts";
import { keepAlive } from "./liveness.ts";
import type { P2pNode, P2pOptions, Service } from "./options.ts";
import { loadPeers, savePeers } from "./peers_file.ts";
import { BoundedStore } from "./store.ts";
import { askOver, makeHandler } from "./streams.ts";

/**
 * Opens a node. It is there at once; joining goes on in the background.
 *
 * @throws {PlasmdError} `address_in_use`, `permission` or `config` for where to listen, `config` for
 * a bootstrap address
 */
export async function openP2pNode(options: P2pOptions, deps: Deps): Promise<P2pNode> {
  const stop = new AbortController();
  const store = new BoundedStore(() => deps.random.bytes(1)[0]! / 256, peerKey);
  if (options.peersFile !== undefined) await loadPeers(options.peersFile, store, deps);
  const held: { node?: Node } = {};
  const gate = makeGate(() => held.node?.getConnections() ?? []);
  const started = held.node = await makeLibp2p(options, store, gate);
  started.addEventListener("peer:identify", ({ detail }) => void takeAddresses(started, detail));
  await startListening(started, options);
  const bootstrap = keepJoined(options.bootstrap, {
    gate,
    names: options.names,
    stopping: stop.signal,
    dial: (address, signal) => started.dial(address, { signal }),
  }, deps);
  keepAlive(started, stop.signal, deps);
  if (options.peersFile !== undefined) keepPeers(options.peersFile, store, stop.signal, deps);
  let sent = 0;
  const context: KadContext = {
    kad: started.services.dht,
    onSent: () => sent++,
    isConnected: (peer) => started.getConnections(peer).length > 0,
    stopping: stop.signal,
  };
  const table = started.services.dht.routingTable;
  return {
    ...dhtOf(started, context),
    ...talkOf(started, gate, deps),
    peerId: started.peerId.toString(),
    addresses: () => started.getMultiaddrs().map(String),
    onAddresses: (listener) => watchAddresses(started, listener, stop.signal, deps),
    status: () => ({
      peers: started.getPeers().length,
      table: table.size,
      bootstrap: bootstrap(),
      held: store.providers,
      sent,
    }),
    joined: (signal) => untilJoined(started, AbortSignal.any([signal, stop.signal])),
    limitDials: gate.limitDials,
    async [Symbol.asyncDispose]() {
      stop.abort(new PlasmdError("cancelled", "The node is stopping"));
      if (options.peersFile !== undefined) await savePeers(options.peersFile, store, deps);
      await started.stop();
    },
  };
}

/** What a node does in the DHT. */
function dhtOf(node: Node, context: KadContext) {
  return {
    provide: (key: string, signal: AbortSignal) => provideKey(context, key, signal),
    async withdraw(key: string) {
      await node.services.dht.cancelReprovide(providerCid(key));
    },
    async *providers(key: string, signal: AbortSignal, walk = false) {
      for await (const { id, addresses } of findKey(context, key, signal, walk)) {
        const usable = addresses.map((text) => multiaddr(text))
          .filter((address) => scopeOf(address) !== "none")
          .slice(0, p2pLimits.addressesPerPeer);
        // Asked for before the library has taken over where the peer is.
        if (usable.length > 0) await node.peerStore.merge(id, { multiaddrs: usable });
        yield id.toString();
      }
    },
    put: (key: string, value: Uint8Array, signal: AbortSignal) =>
      putValue(context, key, value, signal),
    get: (key: string, signal: AbortSignal) => getValue(context, key, signal),
  };
}

/** What a node has to do with single peers. */
function talkOf(node: Node, gate: Gate, deps: Deps): Pick<P2pNode, "serve" | "ask" | "meet"> {
  return {
    async serve(service: Service) {
      await node.handle(service.protocol, makeHandler(service, deps), {
        // The library counts after all that came together have been accepted, and resets every one
        // of them where they are too many: the handler counts in its place.
        maxInboundStreams: p2pLimits.streamsPerConnection,
      });
    },
    async ask(peer, options) {
      try {
        const connection = await node.dial(peerIdFromString(peer), { signal: options.signal });
        return await askOver(connection, options, deps);
      } catch (thrown) {
        throw asUnreachable(thrown);
      }
    },
    async meet(text) {
      const address = multiaddr(text);
      const peer = readAddress(address)?.peer;
      if (peer === undefined || scopeOf(address) === "none") return;
      if (node.getConnections(peerIdFromString(peer)).length > 0) return;
      gate.allowAddress(address);
      await node.peerStore.merge(peerIdFromString(peer), { multiaddrs: [address] });
      await node.dial(address, { signal: AbortSignal.timeout(p2pLimits.dialMs) });
    },
  };
}

function asUnreachable(thrown: unknown): PlasmdError {
  if (thrown instanceof PlasmdError) return thrown;
  const { message } = thrown as Error;
  return new PlasmdError("unreachable", `was not reached: ${message}`, { cause: thrown });
}

async function startListening(node: Node, { listen }: P2pOptions): Promise<void> {
  try {
    await node.start();
  } catch (thrown) {
    throw toPlasmdError(thrown, "Cannot start the peer-to-peer node");
  }
  if (listen === undefined || listen.port === 0) return;
  const bound = boundPorts(node);
  if (bound.includes(listen.port)) return;
  await node.stop();
  throw new PlasmdError("address_in_use", `Cannot listen on peer-to-peer port ${listen.port}`, {
    hint: "another program has it: choose one with --p2p-port, 0 takes any free one",
  });
}

/** The TCP ports that are really bound, whatever is announced of them. */
function boundPorts(node: Node): number[] {
  const { transportManager } = (node as unknown as {
    components: { transportManager: { getAddrs(): ReturnType<typeof multiaddr>[] } };
  }).components;
  return transportManager.getAddrs().map((address) => readAddress(address)?.port ?? 0);
}

/**
 * A peer that says where it listens is believed over what was remembered of it: after its clock was
 * set back, or where only others had told of it, it would keep addresses that are no more.
 */
async function takeAddresses(node: Node, { peerId, listenAddrs }: IdentifyResult): Promise<void> {
  const usable = listenAddrs.filter((address) => scopeOf(address) !== "none")
    .slice(0, p2pLimits.addressesPerPeer);
  if (usable.length === 0) return;
  try {
    await node.peerStore.patch(peerId, { multiaddrs: usable });
  } catch {
    // The store refuses what is too large; the peer is known without it.
  }
}

function untilJoined({ services: { dht } }: Node, signal: AbortSignal): Promise<void> {
  const table = dht.routingTable;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    if (table.size > 0) return resolve();
    const joined = () => {
      signal.removeEventListener("abort", stopped);
      resolve();
    };
    const stopped = () => {
      table.removeEventListener("peer:add", joined);
      reject(signal.reason);
    };
    table.addEventListener("peer:add", joined, { once: true });
    signal.addEventListener("abort", stopped, { once: true });
  });
}

function watchAddresses(
  node: Node,
  listener: () => void,
  stopping: AbortSignal,
  { clock }: Deps,
): Disposable {
  const own = new AbortController();
  const signal = AbortSignal.any([own.signal, stopping]);
  const text = () => node.getMultiaddrs().map(String).toSorted().join(" ");
  const watch = async () => {
    for (let known = text(); !signal.aborted;) {
      await clock.sleep(p2pLimits.addressCheckMs, { signal });
      const now = text();
      if (now === known) continue;
      known = now;
      await node.services.identifyPush.push().catch(() => {});
      listener();
    }
  };
  watch().catch(() => {}); // it ends only when nobody listens any more
  return { [Symbol.dispose]: () => own.abort() };
}

function keepPeers(file: string, store: BoundedStore, stopping: AbortSignal, deps: Deps): void {
  const keep = async () => {
    while (!stopping.aborted) {
      await deps.clock.sleep(p2pLimits.peersWriteMs, { signal: stopping });
      await savePeers(file, store, deps);
    }
  };
  keep().catch(() => {}); // it ends only when the node stops
}

function peerKey(peer: string): string | undefined {
  try {
    return peerIdFromString(peer).toCID().toString();
  } catch {
    return undefined;
  }
}
