/**
 * The daemon's place in the network: its node of the DHT, and what it advertises there.
 *
 * @module
 */

import type { Catalog } from "../artifacts/snapshot.ts";
import { advertise, type AdvertisedImage, type Advertiser } from "../discovery/advertise.ts";
import {
  advertiseCapabilities,
  capabilityKeys,
  findWorkers,
  type FoundWorker,
} from "../discovery/capability.ts";
import { openDht } from "../discovery/dht.ts";
import { findPeers } from "../discovery/mdns/peers.ts";
import { jobMessageBytes, jobProtocol } from "../formats/job_wire.ts";
import type { Manifest } from "../formats/manifest.ts";
import { manifestPrefix, validSigners } from "../formats/signed.ts";
import { parseTime } from "../formats/time.ts";
import type { JobService } from "../jobs/service/types.ts";
import { makeJobHandler, type OwnInfo } from "../jobs/wire/handler.ts";
import type { Deps } from "../lib/deps.ts";
import { discoveryLimits, jobWireLimits } from "../lib/limits.ts";
import type { P2pNode } from "../p2p/options.ts";
import type { DhtReport } from "../server/discovery_report.ts";
import { isLoopback } from "./addresses.ts";

/** How the daemon takes part in the DHT. */
export interface DhtNodeOptions {
  /** The address that the HTTP server listens on; the node listens on the same. */
  readonly host: string;
  readonly port: number;
  readonly bootstrap: readonly string[];
  readonly external: readonly string[];
  readonly psk?: Uint8Array<ArrayBuffer>;
  /** Whether nodes on the LAN are met by multicast DNS. */
  readonly mdns?: boolean;
  /** A file for the peers that are remembered; none where state can't be kept. */
  readonly peersFile?: string;
}

/** What is advertised, and how busy the server is. */
export interface Advertised {
  readonly catalog: () => Catalog;
  readonly httpPort: number;
  /** 0 to 100. */
  readonly load: () => number;
}

/** The daemon's node of the DHT. */
export interface DaemonNetwork extends AsyncDisposable {
  report(): DhtReport;
  /** Whether there are peers. */
  connected(): boolean;
  /** Starts to advertise. */
  advertise(what: Advertised): Promise<void>;
  /** Answers questions about jobs, and says in the DHT what can be run here. */
  offerJobs(service: JobService, info: OwnInfo): Promise<void>;
  /** Other nodes that run jobs. */
  workers(
    query: { readonly arch?: string; readonly runtime?: string },
    signal: AbortSignal,
  ): Promise<FoundWorker[]>;
  /** Announces everything again: what is served has changed. */
  renew(): void;
}

/**
 * Opens the node. It is there at once; joining goes on in the background.
 *
 * @throws {PlasmdError} `address_in_use` or `config`
 */
export async function openNetwork(
  { host, port, external, mdns = false, ...others }: DhtNodeOptions,
  seed: Uint8Array,
  deps: Deps,
): Promise<DaemonNetwork> {
  const node = await openDht({ ...others, seed, listen: { host, port, external } }, deps);
  await using parts = new AsyncDisposableStack();
  parts.use(node);
  if (mdns) await meetNeighbours(node, host, parts, deps);
  let advertiser: Advertiser | undefined;
  const owned = parts.move();
  return {
    report: () => reportOf(node, advertiser),
    connected: () => node.status().peers > 0,
    async advertise({ catalog, httpPort, load }) {
      const images = () => advertisedImages(catalog(), deps.clock.now());
      advertiser = await advertise(node, { images, httpPort, seed, load }, deps);
    },
    async offerJobs(service, info) {
      await node.serve({
        protocol: jobProtocol,
        maxBytes: jobMessageBytes,
        streams: jobWireLimits.streams,
        answer: makeJobHandler({ service, info }, deps),
      });
      owned.use(advertiseCapabilities(node, capabilityKeys(info.arch, info.runtimes), deps));
    },
    async workers(query, signal) {
      // Alone there is nobody to ask, and nothing to wait for.
      return node.status().table === 0 ? [] : await findWorkers(node, { ...query, signal });
    },
    renew: () => advertiser?.renew(),
    async [Symbol.asyncDispose]() {
      await advertiser?.[Symbol.asyncDispose]();
      await owned.disposeAsync();
    },
  };
}

/** Nodes on one LAN find each other without a bootstrap node. */
async function meetNeighbours(
  node: P2pNode,
  host: string,
  parts: AsyncDisposableStack,
  deps: Deps,
): Promise<void> {
  const finder = parts.use(
    await findPeers({
      peerId: node.peerId,
      addresses: () => node.addresses(),
      meet: (address) => node.meet(address),
      // DESIGN 14: with a loopback host loopback is announced, otherwise never.
      choice: { host, loopback: isLoopback(host) },
    }, deps),
  );
  parts.use(node.onAddresses(() => finder.renew()));
}

/** The images of the catalog; DESIGN 6: an expired manifest is no longer advertised. */
export function advertisedImages(catalog: Catalog, now: number): AdvertisedImage[] {
  const { default: chosen } = catalog;
  return catalog.list()
    .filter(({ manifest }) => parseTime(manifest.manifest.expires_at)! > now)
    .map(({ channel, arch, manifest }) => {
      const isDefault = chosen?.channel === channel && chosen.arch === arch;
      return {
        channel,
        arch,
        manifestId: manifest.id,
        sequence: manifest.manifest.sequence,
        signers: keysOf(manifest.manifest),
        path: isDefault ? "/manifest.json" : `/${channel}/${arch}/manifest.json`,
      };
    });
}

/** A manifest stays the same object while it is served. */
const known = new WeakMap<Manifest, readonly string[]>();

/** DESIGN 8: the keys of the signers, and the root keys that clients may have pinned. */
function keysOf(manifest: Manifest): readonly string[] {
  const before = known.get(manifest);
  if (before !== undefined) return before;
  const roots = (manifest.key_lists ?? []).flatMap(({ root }) => root.keys);
  const all = new Set([...validSigners(manifestPrefix, manifest), ...roots]);
  const keys = [...all].slice(0, discoveryLimits.keysPerImage);
  known.set(manifest, keys);
  return keys;
}

function reportOf(node: P2pNode, advertiser: Advertiser | undefined): DhtReport {
  const { peers, table, bootstrap, held } = node.status();
  const state = peers > 0 ? "joined" : bootstrap.length > 0 ? "joining" : "waiting";
  return {
    state,
    note: notes[state],
    addresses: node.addresses(),
    peers,
    table,
    held,
    bootstrap: bootstrap.length,
    bootstrap_connected: bootstrap.filter(({ connected }) => connected).length,
    announcements: advertiser?.announcements() ?? [],
  };
}

const notes = {
  joined: "connected to other nodes of the DHT",
  joining: "no bootstrap node has answered yet; it is tried for ever",
  waiting: "no bootstrap node is named: others can join by this node's addresses",
} as const;
