import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { checkValue, imageKey } from "../../src/discovery/keys.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { multiaddr } from "@multiformats/multiaddr";
import { readAddress } from "../../src/p2p/address.ts";
import { makeGate } from "../../src/p2p/gate.ts";
import { parsePeers } from "../../src/p2p/peers_file.ts";
import { dhtClient, dhtNode, p2pTest, tcpAddress, until } from "../support/dht.ts";
import { testIdentity } from "../support/manifests.ts";
import { tempDirectory } from "../support/temp.ts";

const signal = () => AbortSignal.timeout(10_000);
const key = imageKey({ channel: "stable", arch: "arm64" });
const url = (host: string) => new TextEncoder().encode(`http://${host}:8080/manifest.json`);

Deno.test("a value is kept by others, garbage isn't", p2pTest, async () => {
  await using bootstrap = await dhtNode();
  await using writer = await dhtNode([bootstrap]);
  await writer.joined(signal());
  assert.equal(await writer.put(key, url("192.0.2.1"), signal()), 1);
  await using reader = await dhtClient([bootstrap]);
  await reader.joined(signal());
  assert.deepEqual(await reader.get(key, signal()), url("192.0.2.1"));
  const garbage = new TextEncoder().encode("garbage");
  assert.throws(() => checkValue(new TextEncoder().encode(key), garbage));
  assert.equal(await writer.put(key, garbage, signal()), 0, "nobody takes it");
  assert.deepEqual(await reader.get(key, signal()), url("192.0.2.1"));
});

Deno.test("a bootstrap that comes up later is joined", p2pTest, async () => {
  const { seed } = testIdentity(5);
  const first = await dhtNode([], { seed });
  const address = tcpAddress(first);
  const port = readAddress(multiaddr(address))!.port;
  await first[Symbol.asyncDispose]();
  await using early = await dhtNode([address]);
  await until(() => early.status().bootstrap[0]!.failures > 0);
  assert.equal(early.status().table, 0);
  await using _late = await dhtNode([], {
    seed,
    listen: { host: "127.0.0.1", port, external: [] },
  });
  await early.joined(signal());
  assert.equal(early.status().bootstrap[0]!.connected, true);
});

Deno.test("a bootstrap with another key than the address says isn't joined", p2pTest, async () => {
  await using bootstrap = await dhtNode();
  const wrong = tcpAddress(bootstrap).replace(/12D3Koo.*/, testIdentity(9).peerId);
  await using node = await dhtNode([wrong]);
  await until(() => node.status().bootstrap[0]!.failures > 0);
  assert.equal(node.status().peers, 0);
});

Deno.test("nobody without the key gets into a private network", p2pTest, async () => {
  const psk = (digit: string) =>
    new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${digit.repeat(64)}\n`);
  await using bootstrap = await dhtNode([], { psk: psk("a") });
  await using member = await dhtNode([bootstrap], { psk: psk("a") });
  await member.joined(signal());
  await using stranger = await dhtNode([bootstrap], { psk: psk("b") });
  await until(() => stranger.status().bootstrap[0]!.failures > 0);
  assert.equal(stranger.status().peers, 0);
});

Deno.test("peers are remembered over a restart", p2pTest, async () => {
  await using directory = await tempDirectory();
  const peersFile = directory.join("peers.json");
  await using bootstrap = await dhtNode();
  const before = await dhtNode([bootstrap], { peersFile });
  await before.joined(signal());
  await before[Symbol.asyncDispose]();
  assert.ok(parsePeers(await Deno.readTextFile(peersFile)).length > 0);
  await Deno.writeTextFile(peersFile, "garbage");
  await using after = await dhtNode([bootstrap], { peersFile });
  await after.joined(signal());
});

Deno.test("connections that say nothing are closed, and others are served", p2pTest, async () => {
  await using bootstrap = await dhtNode();
  const { port } = readAddress(multiaddr(tcpAddress(bootstrap)))!;
  const idle = Array.from({ length: 20 }, () => createConnection(port, "127.0.0.1"));
  const closed = idle.map((socket) => {
    socket.on("error", () => {});
    return new Promise<void>((resolve) => socket.once("close", () => resolve()));
  });
  await using node = await dhtNode([bootstrap]);
  await node.joined(signal());
  await Promise.all(closed);
});

Deno.test("a peer that floods a protocol of ours gets its places back", p2pTest, async () => {
  await using server = await dhtNode();
  await server.serve({ protocol: "/echo/1", maxBytes: 100, answer: (question) => question });
  await using client = await dhtClient([server]);
  await client.joined(signal());
  const question = new TextEncoder().encode("hello");
  const ask = () =>
    client.ask(server.peerId, { protocol: "/echo/1", question, maxBytes: 100, signal: signal() });
  const flood = await Promise.allSettled(Array.from({ length: 100 }, ask));
  assert.ok(flood.some(({ status }) => status === "fulfilled"));
  const { bytes, host } = await ask();
  assert.deepEqual(new Uint8Array(bytes), question);
  assert.equal(host, "127.0.0.1");
  const large = new Uint8Array(101);
  await assert.rejects(
    client.ask(server.peerId, {
      protocol: "/echo/1",
      question: large,
      maxBytes: 100,
      signal: signal(),
    }),
    { code: "unreachable" },
  );
});

Deno.test("a provider that has moved is found at its new port", p2pTest, async () => {
  const { seed, peerId } = testIdentity(6);
  await using bootstrap = await dhtNode();
  const first = await dhtNode([bootstrap], { seed });
  await first.joined(signal());
  await first.provide("a key", signal());
  await first[Symbol.asyncDispose]();
  await using second = await dhtNode([bootstrap], { seed });
  await second.joined(signal());
  await second.serve({ protocol: "/echo/1", maxBytes: 9, answer: (question) => question });
  await second.provide("a key", signal());
  await using client = await dhtClient([bootstrap]);
  await client.joined(signal());
  const found = await Array.fromAsync(client.providers("a key", signal()));
  assert.deepEqual(found, [peerId]);
  const question = Uint8Array.of(1);
  const answer = await client.ask(peerId, {
    protocol: "/echo/1",
    question,
    maxBytes: 9,
    signal: signal(),
  });
  assert.deepEqual(new Uint8Array(answer.bytes), question);
});

Deno.test("only scopes that a person has named are dialled, and only so often", () => {
  const gate = makeGate(() => []);
  const denied = (text: string) => gate.denyDialMultiaddr!(multiaddr(text));
  assert.equal(denied("/ip4/8.8.8.8/tcp/1"), false);
  for (const text of ["/ip4/10.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1"]) {
    assert.equal(denied(text), true, text);
  }
  gate.allow("private");
  assert.equal(denied("/ip4/10.0.0.1/tcp/1"), false);
  assert.equal(denied("/ip4/127.0.0.1/tcp/1"), true);
  for (
    const text of ["/dns4/victim.example/tcp/1", "/dnsaddr/victim.example", "/ip4/0.0.0.0/tcp/1"]
  ) {
    assert.equal(denied(text), true, text);
    assert.equal(gate.filterMultiaddrForPeer!(undefined!, multiaddr(text)), false, text);
  }
  gate.limitDials(2);
  const dials = [1, 2, 3].map(() => gate.denyDialPeer!(undefined!));
  assert.deepEqual(dials, [false, false, true]);
});

Deno.test("a file of peers that is odd gives those that it can", () => {
  assert.deepEqual(parsePeers("{}"), []);
  assert.deepEqual(parsePeers('[["a","AAAA"],["b"],[1,"AAAA"],["c","!"]]').map(([n]) => n), ["a"]);
});

Deno.test("a peer-to-peer port that is taken is said so", p2pTest, async () => {
  await using first = await dhtNode();
  const { port } = readAddress(multiaddr(tcpAddress(first)))!;
  const second = dhtNode([], { listen: { host: "127.0.0.1", port, external: [] } }, systemDeps());
  await assert.rejects(second, { code: "address_in_use" });
});

Deno.test(
  "of two well-formed values the last one stays: a URL says nothing of its age",
  p2pTest,
  async () => {
    await using bootstrap = await dhtNode();
    await using first = await dhtNode([bootstrap]);
    await using second = await dhtNode([bootstrap]);
    await Promise.all([first.joined(signal()), second.joined(signal())]);
    assert.ok(await first.put(key, url("192.0.2.1"), signal()) > 0);
    assert.ok(await second.put(key, url("192.0.2.2"), signal()) > 0);
    await using reader = await dhtClient([bootstrap]);
    await reader.joined(signal());
    assert.deepEqual(await reader.get(key, signal()), url("192.0.2.2"));
  },
);
