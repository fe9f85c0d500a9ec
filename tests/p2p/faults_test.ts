/**
 * What goes wrong in a network without anybody meaning harm: full nodes, clocks that are set back,
 * addresses that are silent, one identity in two places.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { P2pNode } from "../../src/p2p/options.ts";
import {
  dhtClient,
  dhtNode,
  dhtProvider,
  findAll,
  p2pTest,
  published,
  until,
} from "../support/dht.ts";
import { testIdentity } from "../support/manifests.ts";

const signal = () => AbortSignal.timeout(10_000);

/** Starts to answer on a protocol with a word of its own. */
async function answering(node: P2pNode, word: string): Promise<void> {
  const answer = () => new TextEncoder().encode(word);
  await node.serve({ protocol: "/word/1", maxBytes: 9, answer });
}

async function wordOf(client: P2pNode, peer: string): Promise<string> {
  const question = Uint8Array.of(1);
  const options = { protocol: "/word/1", question, maxBytes: 9, signal: signal() };
  return new TextDecoder().decode((await client.ask(peer, options)).bytes);
}

Deno.test(
  "a bootstrap node that is full is said so, and joined when it has room",
  p2pTest,
  async () => {
    await using bootstrap = await dhtNode([], { connections: 2 });
    const first = await dhtNode([bootstrap]);
    await using second = await dhtNode([bootstrap]);
    await Promise.all([first.joined(signal()), second.joined(signal())]);
    await using late = await dhtNode([bootstrap]);
    await until(() => late.status().bootstrap[0]!.failures > 1);
    assert.equal(late.status().peers, 0);
    assert.ok(late.status().bootstrap[0]!.error);
    assert.equal(second.status().bootstrap[0]!.connected, true, "nobody was put out for it");
    await first[Symbol.asyncDispose]();
    await late.joined(signal());
    assert.equal(late.status().bootstrap[0]!.connected, true);
  },
);

Deno.test(
  "a provider joins by another bootstrap node where the first is full",
  p2pTest,
  async () => {
    await using all = new AsyncDisposableStack();
    const full = all.use(await dhtNode([], { connections: 1 }));
    const other = all.use(await dhtNode([full]));
    await other.joined(signal());
    const provider = all.use(await dhtProvider(200, [full, other], { httpPort: 8200 }));
    await published(provider);
    const client = all.use(await dhtClient([full, other]));
    const { offers } = await findAll(client);
    assert.deepEqual(offers.map(({ origin }) => origin), ["http://127.0.0.1:8200"]);
  },
);

Deno.test(
  "a provider whose clock was set back a day is found at its new port",
  p2pTest,
  async () => {
    const { seed, peerId } = testIdentity(201);
    await using bootstrap = await dhtNode();
    const first = await dhtNode([bootstrap], { seed });
    await first.joined(signal());
    await first.provide("a key", signal());
    await first[Symbol.asyncDispose]();
    // It has not announced the key again: what holders know of it must lead to where it is now.
    using _clock = clockSetBack(86_400_000);
    await using second = await dhtNode([bootstrap], { seed });
    await answering(second, "second");
    await second.joined(signal());
    await using client = await dhtClient([bootstrap]);
    await client.joined(signal());
    assert.deepEqual(await Array.fromAsync(client.providers("a key", signal())), [peerId]);
    assert.equal(await wordOf(client, peerId), "second");
  },
);

/** libp2p dates the records of its addresses by this clock, and takes no older ones. */
function clockSetBack(ms: number): Disposable {
  const { now } = Date;
  Date.now = () => now() - ms;
  return { [Symbol.dispose]: () => void (Date.now = now) };
}

Deno.test(
  "a silent stale address of a provider doesn't hide the one that works",
  p2pTest,
  async () => {
    const silent = createServer((socket) => {
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    await using all = new AsyncDisposableStack();
    all.defer(() => void silent.close());
    const bootstrap = all.use(await dhtNode());
    const provider = all.use(
      await dhtProvider(202, [bootstrap], {
        httpPort: 8202,
        listen: { host: "127.0.0.1", port: 0, external: [`/ip4/127.0.0.1/tcp/${port}`] },
      }),
    );
    await published(provider);
    assert.ok(provider.node.addresses().some((address) => address.includes(`/${port}/`)));
    const client = all.use(await dhtClient([bootstrap]));
    const { offers, ignored } = await findAll(client);
    assert.deepEqual(ignored, []);
    assert.deepEqual(offers.map(({ origin }) => origin), ["http://127.0.0.1:8202"]);
  },
);

Deno.test(
  "of two nodes with one identity one is found, and the other once it is gone",
  p2pTest,
  async () => {
    const { seed, peerId } = testIdentity(203);
    await using bootstrap = await dhtNode();
    const first = await dhtNode([bootstrap], { seed });
    await answering(first, "first");
    await first.joined(signal());
    await first.provide("a key", signal());
    await using second = await dhtNode([bootstrap], { seed });
    await answering(second, "second");
    await second.joined(signal());
    await second.provide("a key", signal());
    await using client = await dhtClient([bootstrap]);
    await client.joined(signal());
    assert.deepEqual(await Array.fromAsync(client.providers("a key", signal())), [peerId]);
    assert.match(await wordOf(client, peerId), /^(first|second)$/);
    await first[Symbol.asyncDispose]();
    await second.provide("a key", signal());
    await using later = await dhtClient([bootstrap]);
    await later.joined(signal());
    assert.deepEqual(await Array.fromAsync(later.providers("a key", signal())), [peerId]);
    assert.equal(await wordOf(later, peerId), "second");
  },
);
