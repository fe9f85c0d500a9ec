import assert from "node:assert/strict";
import {
  dhtClient,
  dhtNode,
  dhtProvider,
  findAll,
  p2pTest,
  published,
  testImage,
  until,
} from "../support/dht.ts";
import { testIdentity } from "../support/manifests.ts";

Deno.test("what is announced says where, when and to how many", p2pTest, async () => {
  await using bootstrap = await dhtNode();
  await using provider = await dhtProvider(80, [bootstrap]);
  await published(provider);
  const all = provider.advertiser.announcements();
  assert.deepEqual(all.map(({ kind }) => kind).toSorted(), ["provider", "provider", "value"]);
  for (const { holders, error, published_at: at } of all) {
    assert.equal(holders, 1);
    assert.equal(error, null);
    assert.ok(Math.abs(Date.parse(at!) - Date.now()) < 10_000);
  }
});

Deno.test("alone, nothing counts as published; the first peer hears it", p2pTest, async () => {
  await using provider = await dhtProvider(81, []);
  await until(() => provider.advertiser.announcements().length === 3);
  for (const { holders, error, published_at: at } of provider.advertiser.announcements()) {
    assert.equal(holders, 0);
    assert.equal(at, null);
    assert.match(error!, /no peer/);
  }
  await using _peer = await dhtNode([provider.node]);
  await published(provider);
});

Deno.test("a provider alone is found by who joins by it", p2pTest, async () => {
  await using provider = await dhtProvider(82, [], { httpPort: 8082 });
  await until(() => provider.advertiser.announcements().length === 3);
  await using client = await dhtClient([provider.node]);
  const { offers } = await findAll(client);
  assert.deepEqual(offers.map(({ origin }) => origin), ["http://127.0.0.1:8082"]);
});

Deno.test("a new image is announced and answered for, an old one isn't", p2pTest, async () => {
  await using bootstrap = await dhtNode();
  let images = [testImage({ sequence: 1 })];
  await using provider = await dhtProvider(83, [bootstrap], { images: () => images });
  await published(provider);
  images = [testImage({ channel: "testing", sequence: 2 })];
  provider.advertiser.renew();
  await until(() =>
    provider.advertiser.announcements().every(({ channel }) => channel === "testing")
  );
  await published(provider);
  await using client = await dhtClient([bootstrap]);
  const now = await findAll(client, { channel: "testing" });
  assert.deepEqual(now.offers.map(({ sequence }) => sequence), [2]);
  const before = await findAll(client, { channel: "stable" });
  assert.deepEqual(before.offers, [], "holders still name it, and it doesn't answer");
  assert.equal(before.ignored.length, 1);
});

Deno.test("who stops advertising is found no more", p2pTest, async () => {
  await using bootstrap = await dhtNode();
  await using provider = await dhtProvider(84, [bootstrap]);
  await published(provider);
  await provider.advertiser[Symbol.asyncDispose]();
  await using client = await dhtClient([bootstrap]);
  const { offers, ignored } = await findAll(client);
  assert.deepEqual(offers, []);
  assert.deepEqual(ignored.map(({ peer }) => peer), [testIdentity(84).peerId]);
});
