/**
 * Nodes of the DHT that hear of each other on a link, and what they don't believe.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeMessage, encodeMessage, makeMessage } from "../../../src/discovery/mdns/packet.ts";
import { addressesOn, findPeers, peerService, peersIn } from "../../../src/discovery/mdns/peers.ts";
import { mdnsLimits } from "../../../src/lib/limits.ts";
import { type FakeLink, fakeLink, testLink } from "../../support/mdns.ts";

const peerA = `12D3KooW${"A".repeat(44)}`;
const peerB = `12D3KooW${"B".repeat(44)}`;
const at = (host: string, peer: string) => `/ip4/${host}/tcp/4001/p2p/${peer}`;

/** A node at an address of the link, and whom it has dialled. */
async function nodeOn(link: FakeLink, host: string, peer: string, answers = true) {
  const met: string[] = [];
  const finder = await findPeers({
    peerId: peer,
    addresses: () => [at(host, peer), at("198.51.100.7", peer)],
    meet(address) {
      met.push(address);
      return answers ? Promise.resolve() : Promise.reject(new Error("nobody there"));
    },
    choice: { host: "::", loopback: false },
  }, link.machine(host));
  return { met, finder };
}

/** What a peer would say, with these texts. */
function told(texts: readonly string[], name = `abc.${peerService}`, ttl = 120) {
  return makeMessage({
    response: true,
    answers: [{ name: peerService, type: "PTR", ttl, flush: false, data: name }],
    additionals: [{ name, type: "TXT", ttl, flush: true, data: texts }],
  });
}

const neighbour = { address: "192.0.2.9", port: 5353 };

Deno.test("two nodes on a link dial each other, at addresses of the link alone", async () => {
  const link = fakeLink();
  const a = await nodeOn(link, "192.0.2.1", peerA);
  await using _a = a.finder;
  await link.pass(500);
  const b = await nodeOn(link, "192.0.2.2", peerB);
  await using _b = b.finder;
  await link.pass(500);
  assert.deepEqual([...new Set(a.met)], [at("192.0.2.2", peerB)]);
  assert.deepEqual([...new Set(b.met)], [at("192.0.2.1", peerA)]);
});

Deno.test("a node that missed the first words asks again", async () => {
  const link = fakeLink();
  const a = await nodeOn(link, "192.0.2.1", peerA);
  await using _a = a.finder;
  await link.pass(900);
  link.sent.length = 0;
  await link.pass(10_000);
  const questions = link.sent.filter(({ message }) => !message.response).map((one) => one.at);
  assert.ok(questions.length >= 3);
  const gaps = questions.slice(1).map((time, i) => time - questions[i]!);
  assert.ok(gaps.every((gap, i) => i === 0 || gap > gaps[i - 1]!));
});

Deno.test("a question is answered once a second, and one for another service never", async () => {
  const link = fakeLink();
  const a = await nodeOn(link, "192.0.2.1", peerA);
  await using _a = a.finder;
  await link.pass(2500); // its own questions are heard by itself, too
  link.sent.length = 0;
  const ask = (name: string) =>
    encodeMessage(makeMessage({ questions: [{ name, type: "PTR", unicast: false }] }));
  for (let i = 0; i < 20; i++) link.inject(ask(peerService), neighbour);
  link.inject(ask("_other._udp.local"), neighbour);
  assert.equal(link.sent.filter(({ message }) => message.response).length, 1);
});

Deno.test("a node that goes says so, with a lifetime of nothing", async () => {
  const link = fakeLink();
  const { finder } = await nodeOn(link, "192.0.2.1", peerA);
  link.sent.length = 0;
  await finder[Symbol.asyncDispose]();
  assert.deepEqual(link.sent.map(({ message }) => message.answers[0]?.ttl), [0]);
});

Deno.test("a flood of peers becomes no flood of dials", async () => {
  const link = fakeLink();
  const a = await nodeOn(link, "192.0.2.1", peerA, false);
  await using _a = a.finder;
  for (let i = 0; i < 1000; i++) {
    const peer = `12D3KooW${String(i).padStart(4, "1").replaceAll("0", "z")}${"C".repeat(40)}`;
    link.inject(encodeMessage(told([`dnsaddr=${at("192.0.2.66", peer)}`])), neighbour);
    await link.pass(10);
  }
  assert.equal(a.met.length, mdnsLimits.peersPerMinute);
});

Deno.test("what names no neighbour is passed over", () => {
  const texts = [
    at("203.0.113.1", peerB), // off the link
    at("127.0.0.1", peerB),
    at("192.0.2.255", peerB), // no machine's
    "/ip4/192.0.2.2/tcp/4001", // nobody's
    "/ip4/192.0.2.2/udp/4001/quic-v1/p2p/" + peerB,
    "/dns4/victim.example/tcp/80/p2p/" + peerB,
    `/ip4/192.0.2.2/tcp/4001/p2p/${peerB}/p2p-circuit/p2p/${peerA}`,
    "/ip6/fe80::1/tcp/4001/p2p/\u001b[31m",
  ].map((text) => `dnsaddr=${text}`);
  assert.deepEqual(peersIn(testLink(), told(texts)), []);
  const good = [`dnsaddr=${at("192.0.2.2", peerB)}`];
  assert.equal(peersIn(testLink(), told(good)).length, 1);
  assert.deepEqual(peersIn(testLink(), told(good, "abc._other._udp.local")), []);
  assert.deepEqual(peersIn(testLink(), told(good, undefined, 0)), []);
  const many = Array.from({ length: 20 }, () => good[0]!);
  assert.equal(peersIn(testLink(), told(many)).length, mdnsLimits.addresses);
});

Deno.test("any text leads to addresses of the link or to nothing", () => {
  fc.assert(fc.property(fc.array(fc.string({ maxLength: 60 }), { maxLength: 10 }), (texts) => {
    const message = decodeMessage(encodeMessage(told(texts.map((text) => `dnsaddr=${text}`))));
    for (const { host } of peersIn(testLink(), message)) assert.match(host, /^192\.0\.2\./);
  }));
});

Deno.test("only addresses of the link are said on it", () => {
  const addresses = [at("192.0.2.1", peerA), at("198.51.100.7", peerA), "garbage"];
  assert.deepEqual(addressesOn(testLink(), addresses), [at("192.0.2.1", peerA)]);
});
