import assert from "node:assert/strict";
import { dhtClient, dhtNode, dhtProvider, findAll, p2pTest, published } from "../support/dht.ts";
import { testIdentity } from "../support/manifests.ts";

Deno.test("two providers are found through one bootstrap node", p2pTest, async () => {
  await using bootstrap = await dhtNode();
  await using first = await dhtProvider(11, [bootstrap], { httpPort: 8081 });
  await using second = await dhtProvider(12, [bootstrap], { httpPort: 8082 });
  await Promise.all([published(first), published(second)]);
  await using client = await dhtClient([bootstrap]);

  const { offers, ignored } = await findAll(client);
  assert.deepEqual(ignored, []);
  assert.deepEqual(
    offers.map(({ origin, peer, via }) => ({ origin, peer, via }))
      .toSorted((a, b) => a.origin < b.origin ? -1 : 1),
    [
      { origin: "http://127.0.0.1:8081", peer: testIdentity(11).peerId, via: "dht" },
      { origin: "http://127.0.0.1:8082", peer: testIdentity(12).peerId, via: "dht" },
    ],
  );
});
