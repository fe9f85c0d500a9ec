/**
 * Everybody who provides a key: each holder is asked for its list.
 *
 * @module
 */

import assert from "node:assert/strict";
import { imageKey } from "../../src/discovery/keys.ts";
import { providerProtocol, sealProviderRecord } from "../../src/formats/provider_record.ts";
import { dhtClient, dhtNode, findAll, p2pTest, testImage } from "../support/dht.ts";
import { testIdentity } from "../support/manifests.ts";

const { channel, arch, manifestId, sequence } = testImage();
const key = imageKey({ channel, arch });
const signal = () => AbortSignal.timeout(20_000);

/** A provider that holds nothing for others, and tells only the nodes that it joins by. */
async function quietProvider(number: number, bootstrap: readonly string[]) {
  const { seed } = testIdentity(number);
  const node = await dhtNode(bootstrap, { seed });
  const expiresAt = Date.now() + 600_000;
  const httpPort = 10_000 + number;
  const record = { channel, arch, manifestId, sequence, httpPort, load: 0, expiresAt };
  const answer = () => sealProviderRecord(record, seed);
  await node.serve({ protocol: providerProtocol, maxBytes: 256, answer });
  await node.joined(signal());
  await node.provide(key, signal());
  return node;
}

Deno.test("a walk of the holders finds every provider", p2pTest, async () => {
  await using all = new AsyncDisposableStack();
  const bootstrap = all.use(await dhtNode());
  const where = [bootstrap.addresses().find((one) => !one.includes("/ws"))!];
  const numbers = Array.from({ length: 6 }, (_, i) => 300 + i);
  await Promise.all(numbers.map(async (number) => all.use(await quietProvider(number, where))));
  const client = all.use(await dhtClient([bootstrap]));
  const { offers, ignored } = await findAll(client, { all: true, signal: signal() });
  assert.deepEqual(ignored, []);
  assert.deepEqual(
    offers.map(({ origin }) => origin).toSorted(),
    numbers.map((number) => `http://127.0.0.1:${10_000 + number}`),
  );
});

Deno.test("a walk ends where a holder is gone", p2pTest, async () => {
  await using all = new AsyncDisposableStack();
  const bootstrap = all.use(await dhtNode());
  const dead = await dhtNode([bootstrap]);
  await dead.joined(signal());
  const where = [bootstrap.addresses().find((one) => !one.includes("/ws"))!];
  all.use(await quietProvider(340, where));
  await dead[Symbol.asyncDispose]();
  const client = all.use(await dhtClient([bootstrap]));
  const { offers } = await findAll(client, { all: true });
  assert.deepEqual(offers.map(({ peer }) => peer), [testIdentity(340).peerId]);
});
