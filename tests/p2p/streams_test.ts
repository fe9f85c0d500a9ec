/**
 * Peers that open streams and say nothing, or say it and never close: others are served meanwhile,
 * and nothing of them is left.
 *
 * @module
 */

import assert from "node:assert/strict";
import { lpStream } from "@libp2p/utils";
import { multiaddr } from "@multiformats/multiaddr";
import { systemDeps } from "../../src/lib/deps.ts";
import { p2pLimits } from "../../src/lib/limits.ts";
import { makeGate } from "../../src/p2p/gate.ts";
import { makeLibp2p, type Node } from "../../src/p2p/libp2p.ts";
import type { P2pNode } from "../../src/p2p/options.ts";
import { BoundedStore } from "../../src/p2p/store.ts";
import { dhtClient, dhtNode, p2pTest, tcpAddress } from "../support/dht.ts";

type RawStream = Awaited<ReturnType<Node["dialProtocol"]>>;

const protocol = "/echo/1";
const signal = () => AbortSignal.timeout(15_000);

/** A peer that does what it wants: the library without our manners. */
async function rawPeer(): Promise<AsyncDisposable & { readonly node: Node }> {
  const gate = makeGate(() => []);
  gate.allow("loopback");
  const node = await makeLibp2p(
    {
      seed: systemDeps().random.bytes(32),
      dhtProtocol: "/phase/kad/1.0.0",
      server: false,
      bootstrap: [],
      valueNamespace: "phase",
      agent: "test",
    },
    new BoundedStore(() => 0, () => undefined),
    gate,
  );
  await node.start();
  return { node, [Symbol.asyncDispose]: async () => await node.stop() };
}

async function echoServer(): Promise<P2pNode> {
  const server = await dhtNode();
  await server.serve({ protocol, maxBytes: 100, answer: (question) => question });
  return server;
}

async function assertServed(server: P2pNode): Promise<void> {
  await using client = await dhtClient([server]);
  await client.joined(signal());
  const question = Uint8Array.of(1, 2, 3);
  const answer = await client.ask(server.peerId, {
    protocol,
    question,
    maxBytes: 100,
    signal: signal(),
  });
  assert.deepEqual(new Uint8Array(answer.bytes), question);
}

/** Opens as many streams as the peer may. */
async function openStreams({ node }: { readonly node: Node }, server: P2pNode) {
  const address = multiaddr(tcpAddress(server));
  return await Promise.all(
    Array.from(
      { length: p2pLimits.protocolStreams },
      () => node.dialProtocol(address, protocol, { signal: signal() }),
    ),
  );
}

/** Resolves once the other side has ended the stream. */
function ended(stream: RawStream): Promise<void> {
  if (stream.status !== "open") return Promise.resolve();
  return new Promise((resolve) => {
    stream.addEventListener("close", () => resolve(), { once: true });
    stream.addEventListener("remoteCloseWrite", () => resolve(), { once: true });
  });
}

/** Asks, reads the answer, and leaves the stream open. */
async function say(stream: RawStream): Promise<void> {
  const framed = lpStream(stream);
  await framed.write(Uint8Array.of(7), { signal: signal() });
  assert.deepEqual((await framed.read({ signal: signal() })).slice(), Uint8Array.of(7));
}

Deno.test(
  "streams on which nothing is said are ended, and others are served meanwhile",
  p2pTest,
  async () => {
    await using server = await echoServer();
    await using silent = await rawPeer();
    const streams = await openStreams(silent, server);
    await assertServed(server);
    const start = performance.now();
    await Promise.all(streams.map(ended));
    assert.ok(performance.now() - start < p2pLimits.exchangeMs + 2000);
    // Its places are free again, for it as for all.
    await Promise.all((await openStreams(silent, server)).map(say));
  },
);

Deno.test("streams that are never closed are ended after the answer", p2pTest, async () => {
  await using server = await echoServer();
  await using peer = await rawPeer();
  for (let round = 0; round < 3; round++) {
    const streams = await openStreams(peer, server);
    await Promise.all(streams.map(say));
    await Promise.all(streams.map(ended));
    await new Promise((resolve) => setTimeout(resolve, 2 * p2pLimits.lingerMs));
  }
  await assertServed(server);
});

Deno.test(
  "of too many streams as many as may be are served, the others refused",
  p2pTest,
  async () => {
    await using server = await echoServer();
    await using greedy = await rawPeer();
    const address = multiaddr(tcpAddress(server));
    const dial = () => greedy.node.dialProtocol(address, protocol, { signal: signal() });
    const talks = Array.from({ length: p2pLimits.protocolStreams + 4 }, async () => {
      const stream = await dial(); // one that is refused may learn of it here, or when it speaks
      await say(stream);
      return stream;
    });
    const results = await Promise.allSettled(talks);
    const served = results.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    assert.equal(served.length, p2pLimits.protocolStreams);
    await Promise.all(served.map(ended));
    await assertServed(server);
  },
);
