/**
 * Nodes of a DHT in a process of their own, for the benchmark: says `ready` with their addresses
 * once all have joined and all providers among them are published; then they run until it is killed.
 *
 * Arguments: nodes, how many of them are providers, and nodes to join by. With `PLASMD_BENCH_LINK`
 * (an address of this machine, a blank, milliseconds) each node is reached through a relay alone
 * that passes everything on so late; the address must not be of loopback, where the nodes listen.
 *
 * @module
 */

import { advertise, type Advertiser } from "../../../src/discovery/advertise.ts";
import { openDht } from "../../../src/discovery/dht.ts";
import { type Deps, systemDeps } from "../../../src/lib/deps.ts";
import { silentLog } from "../../../src/lib/log.ts";
import type { P2pNode } from "../../../src/p2p/options.ts";
import { tcpAddress, testImage } from "../dht.ts";
import { type DelayRelay, delayRelay } from "./delay_relay.ts";

const link = Deno.env.get("PLASMD_BENCH_LINK")?.split(" ");

/** The relay before a node; none where links have no length. */
function relayOf(): DelayRelay | undefined {
  return link === undefined ? undefined : delayRelay(link[0]!, Number(link[1]));
}

async function openNode(bootstrap: readonly string[], deps: Deps) {
  const seed = deps.random.bytes(32);
  const relay = relayOf();
  const outside = relay && `/ip4/${link![0]}/tcp/${relay.port}`;
  const listen = { host: "127.0.0.1", port: 0, external: outside ? [outside] : [] };
  const node = await openDht({ seed, listen, bootstrap }, deps);
  const own = tcpAddress(node);
  relay?.aim(Number(own.split("/")[4]));
  if (bootstrap.length > 0) await node.joined(AbortSignal.timeout(60_000));
  return { node, seed, address: outside ? `${outside}/p2p/${node.peerId}` : own };
}

function publish({ node, seed }: { node: P2pNode; seed: Uint8Array }, deps: Deps) {
  const images = () => [testImage()];
  return advertise(node, { images, httpPort: 8080, seed, load: () => 0 }, deps);
}

async function untilPublished(advertisers: readonly Advertiser[], { clock }: Deps): Promise<void> {
  const isPublished = (one: Advertiser) =>
    one.announcements().some(({ holders, kind }) => kind === "provider" && holders > 0);
  for (const end = clock.steady() + 60_000; !advertisers.every(isPublished);) {
    if (clock.steady() > end) throw new Error("not published within 60 s");
    await clock.sleep(50);
  }
}

async function main([count, providers, ...bootstrap]: readonly string[]): Promise<void> {
  const deps: Deps = { ...systemDeps(), log: silentLog };
  const nodes: Awaited<ReturnType<typeof openNode>>[] = [];
  for (let i = 0; i < Number(count); i++) {
    const first = nodes.length === 0 ? [] : [nodes[0]!.address];
    nodes.push(await openNode([...bootstrap, ...first], deps));
  }
  const chosen = nodes.slice(0, Number(providers));
  const advertisers = await Promise.all(chosen.map((node) => publish(node, deps)));
  await untilPublished(advertisers, deps);
  console.log(JSON.stringify({ ready: nodes.map(({ address }) => address) }));
}

if (import.meta.main) await main(Deno.args);
