/**
 * Providers that lie in their records, or never stop: a lookup names each and finds the honest one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { imageKey, signerKey } from "../../src/discovery/keys.ts";
import { sealEnvelope } from "../../src/formats/envelope.ts";
import { canonicalBytes } from "../../src/formats/json.ts";
import {
  providerEnvelope,
  providerProtocol,
  sealProviderRecord,
} from "../../src/formats/provider_record.ts";
import type { P2pNode } from "../../src/p2p/options.ts";
import {
  dhtClient,
  dhtNode,
  dhtProvider,
  findAll,
  p2pTest,
  published,
  testImage,
} from "../support/dht.ts";
import { testIdentity } from "../support/manifests.ts";

const { channel, arch, manifestId, sequence } = testImage();
const target = { channel, arch };
const honestRecord = { channel, arch, manifestId, sequence, httpPort: 8080, load: 0 };

/** A node that provides the image and answers with these bytes. */
async function liar(
  number: number,
  bootstrap: P2pNode,
  answer: (seed: Uint8Array) => Uint8Array | undefined,
): Promise<P2pNode> {
  const { seed } = testIdentity(number);
  const node = await dhtNode([bootstrap], { seed });
  await node.serve({ protocol: providerProtocol, maxBytes: 256, answer: () => answer(seed) });
  await node.joined(AbortSignal.timeout(5000));
  await node.provide(imageKey(target), AbortSignal.timeout(5000));
  return node;
}

const later = () => Date.now() + 600_000;

Deno.test("liars are named, and the honest provider is found", p2pTest, async () => {
  await using all = new AsyncDisposableStack();
  const bootstrap = all.use(await dhtNode());
  const honest = all.use(await dhtProvider(20, [bootstrap], { httpPort: 8020 }));
  await published(honest);
  const foreign = sealProviderRecord(
    { ...honestRecord, expiresAt: later() },
    testIdentity(99).seed,
  );
  const lies: Record<string, (seed: Uint8Array) => Uint8Array | undefined> = {
    wrong_target: (seed) =>
      sealProviderRecord({ ...honestRecord, channel: "testing", expiresAt: later() }, seed),
    untrusted: () => foreign,
    expired: (seed) => sealProviderRecord({ ...honestRecord, expiresAt: 1_000_000_000_000 }, seed),
    malformed: () => new TextEncoder().encode("garbage"),
    unreachable: () => undefined,
  };
  for (const [i, lie] of Object.values(lies).entries()) {
    all.use(await liar(21 + i, bootstrap, lie));
  }
  const client = all.use(await dhtClient([bootstrap]));
  const { offers, ignored } = await findAll(client);
  assert.deepEqual(offers.map(({ origin }) => origin), ["http://127.0.0.1:8020"]);
  assert.deepEqual(ignored.map(({ error }) => error.code).toSorted(), Object.keys(lies).toSorted());
});

Deno.test("a record of 10 MB, and one that never ends, are cut off", p2pTest, async () => {
  await using all = new AsyncDisposableStack();
  const bootstrap = all.use(await dhtNode());
  const honest = all.use(await dhtProvider(30, [bootstrap]));
  await published(honest);
  all.use(await liar(31, bootstrap, () => new Uint8Array(10 * 1024 * 1024)));
  all.use(await liar(32, bootstrap, () => new Uint8Array(5000)));
  const client = all.use(await dhtClient([bootstrap]));
  const { offers, ignored } = await findAll(client);
  assert.equal(offers.length, 1);
  assert.deepEqual(ignored.map(({ error }) => error.code), ["unreachable", "unreachable"]);
});

Deno.test("URLs in a record lead nobody anywhere", p2pTest, async () => {
  let seen = 0;
  const canary = createServer((socket) => {
    seen++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => canary.listen(0, "127.0.0.1", resolve));
  const { port } = canary.address() as AddressInfo;
  await using all = new AsyncDisposableStack();
  all.defer(() => void canary.close());
  const bootstrap = all.use(await dhtNode());
  const url = `http://127.0.0.1:${port}/manifest.json`;
  all.use(
    await liar(40, bootstrap, (seed) =>
      sealEnvelope(
        canonicalBytes({
          arch,
          channel,
          expires_at: new Date(later()).toISOString().replace(/\.\d+Z/, "Z"),
          host: `127.0.0.1:${port}`,
          http_port: 8040,
          load: 0,
          manifest: url,
          manifest_id: manifestId,
          origin: url,
          sequence,
          url,
        }),
        providerEnvelope,
        seed,
      )),
  );
  const client = all.use(await dhtClient([bootstrap]));
  const { offers } = await findAll(client);
  assert.deepEqual(offers.map(({ origin }) => origin), ["http://127.0.0.1:8040"]);
  assert.equal(seen, 0, "the canary was called");
});

Deno.test("a provider that has died doesn't keep others from being found", p2pTest, async () => {
  await using all = new AsyncDisposableStack();
  const bootstrap = all.use(await dhtNode());
  const dead = await liar(50, bootstrap, () => undefined);
  const honest = all.use(await dhtProvider(51, [bootstrap]));
  await published(honest);
  await dead[Symbol.asyncDispose]();
  const client = all.use(await dhtClient([bootstrap]));
  const { offers, ignored } = await findAll(client);
  assert.equal(offers.length, 1);
  assert.deepEqual(ignored.map(({ error }) => error.code), ["unreachable"]);
});

Deno.test("a client with a policy asks under the publisher's key first", p2pTest, async () => {
  await using all = new AsyncDisposableStack();
  const bootstrap = all.use(await dhtNode());
  const { keyid } = testIdentity(1);
  const honest = all.use(await dhtProvider(60, [bootstrap]));
  await published(honest);
  const keys = honest.advertiser.announcements().map(({ key }) => key);
  assert.ok(keys.includes(signerKey(target, keyid)), keys.join(" "));
  for (let i = 61; i < 64; i++) all.use(await liar(i, bootstrap, () => new Uint8Array(3)));
  const client = all.use(await dhtClient([bootstrap]));
  const { offers } = await findAll(client, { keyids: [keyid] });
  assert.deepEqual(offers.map(({ peer }) => peer), [testIdentity(60).peerId]);
});
