/**
 * Nodes of a DHT in this process, on loopback.
 *
 * @module
 */

import { advertise, type AdvertisedImage, type Advertiser } from "../../src/discovery/advertise.ts";
import { type DhtOptions, openDht } from "../../src/discovery/dht.ts";
import { findInDht, type FindOptions, type Ignored } from "../../src/discovery/find.ts";
import type { Offer } from "../../src/discovery/offer.ts";
import { type Deps, systemDeps } from "../../src/lib/deps.ts";
import type { P2pNode } from "../../src/p2p/options.ts";
import { testIdentity } from "./manifests.ts";

/** How test nodes are made: libp2p leaves timers and sockets behind that end by themselves. */
export const p2pTest = { sanitizeOps: false, sanitizeResources: false } as const;

/** A node of the DHT that listens on loopback. */
export async function dhtNode(
  bootstrap: readonly (P2pNode | string)[] = [],
  options: Partial<DhtOptions> = {},
  deps: Deps = systemDeps(),
): Promise<P2pNode> {
  return await openDht({
    listen: { host: "127.0.0.1", port: 0, external: [] },
    bootstrap: bootstrap.map((one) => typeof one === "string" ? one : tcpAddress(one)),
    ...options,
  }, deps);
}

/** A client: it doesn't listen. */
export function dhtClient(
  bootstrap: readonly (P2pNode | string)[],
  options: Partial<DhtOptions> = {},
  deps?: Deps,
): Promise<P2pNode> {
  return dhtNode(bootstrap, { listen: undefined, ...options }, deps);
}

/** The TCP address of a node, with its peer id. */
export function tcpAddress(node: P2pNode): string {
  const address = node.addresses().find((one) => !one.includes("/ws"));
  if (address === undefined) throw new Error("the node doesn't listen");
  return address;
}

/** A provider's node that advertises. */
export interface TestProvider extends AsyncDisposable {
  readonly node: P2pNode;
  readonly advertiser: Advertiser;
}

/** An image to advertise. */
export function testImage(changes: Partial<AdvertisedImage> = {}): AdvertisedImage {
  return {
    channel: "stable",
    arch: "arm64",
    manifestId: `sha256:${"ab".repeat(32)}`,
    sequence: 7,
    signers: [testIdentity(1).keyid],
    path: "/manifest.json",
    ...changes,
  };
}

/** Starts a node and advertises an image of it. */
export async function dhtProvider(
  number: number,
  bootstrap: readonly (P2pNode | string)[],
  { images = () => [testImage()], httpPort = 8080, ...options }: Partial<DhtOptions> & {
    images?: () => readonly AdvertisedImage[];
    httpPort?: number;
  } = {},
  deps: Deps = systemDeps(),
): Promise<TestProvider> {
  const { seed } = testIdentity(number);
  const node = await dhtNode(bootstrap, { seed, ...options }, deps);
  const advertiser = await advertise(node, { images, httpPort, seed, load: () => 0 }, deps);
  return {
    node,
    advertiser,
    async [Symbol.asyncDispose]() {
      await advertiser[Symbol.asyncDispose]();
      await node[Symbol.asyncDispose]();
    },
  };
}

/** Resolves once the provider has published everything to at least so many holders. */
export async function published({ advertiser }: TestProvider, holders = 1): Promise<void> {
  await until(() => {
    const all = advertiser.announcements();
    // Both keys of the one signer of a test image, and the value.
    return all.length >= 3 && all.every((one) => one.holders >= holders);
  });
}

/** Looks at a condition until it holds; the test fails after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deps = systemDeps();
  for (const end = deps.clock.steady() + 10_000; !condition();) {
    if (deps.clock.steady() > end) throw new Error("it did not happen within 10 s");
    await deps.clock.sleep(10);
  }
}

/** All that one lookup finds and passes over. */
export async function findAll(
  node: P2pNode,
  options: Partial<FindOptions> = {},
  deps: Deps = systemDeps(),
): Promise<{ offers: Offer[]; ignored: Ignored[] }> {
  const offers: Offer[] = [];
  const ignored: Ignored[] = [];
  const find = findInDht(node, {
    channel: "stable",
    arch: "arm64",
    signal: AbortSignal.timeout(10_000),
    onIgnored: (one) => ignored.push(one),
    ...options,
  }, deps);
  for await (const offer of find) offers.push(offer);
  return { offers, ignored };
}
