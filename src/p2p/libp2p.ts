/**
 * libp2p as we need it: every setting whose default fails silently is set here.
 *
 * @module
 */

import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { type Identify, identify, type IdentifyPush, identifyPush } from "@libp2p/identify";
import type { Libp2p, PeerId } from "@libp2p/interface";
import {
  kadDHT,
  type MessageType,
  passthroughMapper,
  type QueryEvent,
  type SingleKadDHT,
} from "@libp2p/kad-dht";
import { noise } from "@libp2p/noise";
import { type Ping, ping } from "@libp2p/ping";
import { preSharedKey } from "@libp2p/pnet";
import { tcp } from "@libp2p/tcp";
import { webSockets } from "@libp2p/websockets";
import { yamux } from "@libp2p/yamux";
import type { Multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { isIPv6 } from "node:net";
import { ipScope } from "../lib/ip_scope.ts";
import { p2pLimits } from "../lib/limits.ts";
import { parseExternal, readAddress } from "./address.ts";
import type { Gate } from "./gate.ts";
import type { P2pOptions } from "./options.ts";
import type { BoundedStore } from "./store.ts";

/** The parts of the library's DHT that its types leave out. */
export interface Kad extends SingleKadDHT {
  readonly routingTable: {
    readonly size: number;
    remove(peer: PeerId): Promise<void>;
    addEventListener(type: "peer:add", listener: () => void, options: { once: true }): void;
    removeEventListener(type: "peer:add", listener: () => void): void;
    readonly kb: { toIterable(): Iterable<{ readonly peerId: PeerId }> };
  };
  readonly network: {
    sendRequest(
      to: PeerId,
      message: { readonly type: MessageType; readonly key: Uint8Array },
      options: { readonly signal: AbortSignal; readonly path: QueryEvent["path"] },
    ): AsyncIterable<QueryEvent>;
  };
}

/** A libp2p node with our services. */
export type Node = Libp2p<{
  identify: Identify;
  identifyPush: IdentifyPush;
  ping: Ping;
  dht: Kad;
}>;

/** Makes a node that has not been started. */
export async function makeLibp2p(
  options: P2pOptions,
  store: BoundedStore,
  gate: Gate,
): Promise<Node> {
  const { seed, psk, agent } = options;
  return await createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed("Ed25519", seed),
    nodeInfo: { name: agent, userAgent: agent },
    addresses: addressesOf(options),
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({
      maxInboundStreams: p2pLimits.streamsPerConnection,
      // Above so many streams before its first reader the library ends the whole connection.
      maxEarlyStreams: p2pLimits.streamsPerConnection,
    })],
    connectionProtector: psk && preSharedKey({ psk }),
    connectionGater: gate,
    connectionManager: {
      maxConnections: options.connections ?? p2pLimits.connections,
      maxParallelDials: p2pLimits.parallelDials,
      maxPeerAddrsToDial: p2pLimits.addressesPerPeer,
      addressDialTimeout: p2pLimits.addressDialMs,
      dialTimeout: p2pLimits.dialMs,
      inboundConnectionThreshold: p2pLimits.connectionsPerSecond,
      maxIncomingPendingConnections: p2pLimits.pendingConnections,
      inboundUpgradeTimeout: p2pLimits.exchangeMs,
      inboundStreamProtocolNegotiationTimeout: p2pLimits.exchangeMs,
      outboundStreamProtocolNegotiationTimeout: p2pLimits.exchangeMs,
      // Names are looked up by us, and only those that a person has named.
      resolvers: {},
    },
    // It ends a connection at one failed ping; liveness.ts is more patient.
    connectionMonitor: { enabled: false },
    // A second port that can't be had must not keep a node from starting; node.ts looks at the first.
    transportManager: { faultTolerance: 1 },
    datastore: store,
    peerStore: {
      maxAddressAge: p2pLimits.addressAgeMs,
      maxPeerAge: p2pLimits.peerAgeMs,
      addressFilter: (peer, address) => gate.filterMultiaddrForPeer!(peer, address),
    },
    services: {
      identify: identify({ timeout: p2pLimits.exchangeMs }),
      identifyPush: identifyPush(),
      ping: ping({ timeout: p2pLimits.pingMs }),
      dht: kadOf(options),
    },
  }) as unknown as Node;
}

function kadOf({ dhtProtocol, server, valueNamespace, checkValue }: P2pOptions) {
  return kadDHT({
    protocol: dhtProtocol,
    clientMode: !server,
    // The default drops private addresses: nothing would be found on a LAN.
    peerInfoMapper: passthroughMapper,
    validators: {
      [valueNamespace]: (key, value) => {
        if (value.length > p2pLimits.valueBytes) throw new RangeError("The value is too large");
        checkValue?.(key, value);
      },
    },
    selectors: { [valueNamespace]: () => 0 },
    initialQuerySelfInterval: 50,
    alpha: 3,
    disjointPaths: 2,
    kBucketSize: 20,
    incomingMessageTimeout: p2pLimits.exchangeMs,
    reprovide: {
      interval: p2pLimits.sweepMs,
      validity: p2pLimits.providerValidityMs,
      threshold: p2pLimits.providerValidityMs / 3,
    },
  });
}

function addressesOf({ listen }: P2pOptions) {
  if (listen === undefined) return { listen: [] };
  const { host, port, external } = listen;
  const hosts = host === "::" ? ["0.0.0.0", "::"] : [host];
  const ip = (address: string) => `/${isIPv6(address) ? "ip6" : "ip4"}/${address}`;
  // DESIGN 14: with a loopback host loopback is announced, otherwise never.
  const announced = (address: Multiaddr) => {
    const scope = ipScope(readAddress(address)?.host ?? "");
    return scope !== "none" && (scope !== "loopback" || ipScope(host) === "loopback");
  };
  return {
    listen: [
      ...hosts.map((one) => `${ip(one)}/tcp/${port}`),
      ...hosts.map((one) => `${ip(one)}/tcp/0/ws`),
    ],
    appendAnnounce: external.map((text) => parseExternal(text, port).toString()),
    announceFilter: (addresses: Multiaddr[]) => addresses.filter(announced),
  };
}
