/**
 * A key that somebody has filled with 10,000 provider records: a lookup asks few of them, ends, and
 * finds the publisher's provider under the publisher's key.
 *
 * @module
 */

import assert from "node:assert/strict";
import { findInDht, type FindOptions, type Ignored } from "../../src/discovery/find.ts";
import { imageKey, signerKey } from "../../src/discovery/keys.ts";
import type { Offer } from "../../src/discovery/offer.ts";
import { sealProviderRecord } from "../../src/formats/provider_record.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { discoveryLimits } from "../../src/lib/limits.ts";
import type { P2pNode } from "../../src/p2p/options.ts";
import { testImage } from "../support/dht.ts";
import { testIdentity } from "../support/manifests.ts";

const { channel, arch, manifestId, sequence } = testImage();
const publisher = testIdentity(1).keyid;
const honest = testIdentity(400);
const spammers = Array.from({ length: 9999 }, (_, i) => `spammer ${i}`);

/** A DHT with these providers under each key; only the honest one has a record to show. */
function spammedNode(keys: Readonly<Record<string, readonly string[]>>) {
  const log = { asked: [] as string[], atOnce: 0, most: 0, named: 0 };
  const expiresAt = Date.now() + 600_000;
  const record = { channel, arch, manifestId, sequence, httpPort: 8400, load: 0, expiresAt };
  const node = {
    peerId: "self",
    limitDials: () => {},
    joined: () => Promise.resolve(),
    async *providers(key: string) {
      for (const peer of keys[key] ?? []) {
        await Promise.resolve();
        log.named++;
        yield peer;
      }
    },
    async ask(peer: string) {
      log.asked.push(peer);
      log.most = Math.max(log.most, ++log.atOnce);
      await new Promise((resolve) => setTimeout(resolve));
      log.atOnce--;
      if (peer === honest.peerId) {
        const bytes = sealProviderRecord(record, honest.seed);
        return { bytes, host: "192.0.2.1", latencyMs: 1 };
      }
      throw new PlasmdError("unreachable", "was not reached");
    },
  };
  return { node: node as unknown as P2pNode, log };
}

async function lookUp(node: P2pNode, changes: Partial<FindOptions> = {}) {
  const offers: Offer[] = [];
  const ignored: Ignored[] = [];
  const signal = AbortSignal.timeout(10_000);
  const onIgnored = (one: Ignored) => void ignored.push(one);
  const options = { channel, arch, signal, onIgnored, ...changes };
  for await (const offer of findInDht(node, options, systemDeps())) offers.push(offer);
  return { origins: offers.map(({ origin }) => origin), ignored };
}

const key = imageKey({ channel, arch });

Deno.test("10,000 records under an image's key hide nobody from a client with a policy", async () => {
  const { node, log } = spammedNode({
    [key]: [...spammers, honest.peerId],
    [signerKey({ channel, arch }, publisher)]: [honest.peerId],
  });
  const { origins, ignored } = await lookUp(node, { keyids: [publisher] });
  assert.deepEqual(origins, ["http://192.0.2.1:8400"]);
  assert.equal(log.asked[0], honest.peerId, "it is asked before all others");
  assert.equal(log.asked.length, discoveryLimits.records);
  assert.equal(ignored.length, discoveryLimits.records - 1, "each that was asked is named");
});

Deno.test("of 10,000 records a lookup asks few, a few at a time, and ends", async () => {
  const { node, log } = spammedNode({ [key]: [...spammers, honest.peerId] });
  const { origins, ignored } = await lookUp(node);
  assert.deepEqual(origins, [], "without a policy it may be buried");
  assert.equal(ignored.length, discoveryLimits.records);
  assert.ok(log.most <= discoveryLimits.asked, `${log.most} at a time`);
  assert.ok(log.named <= discoveryLimits.records + 1, "it takes no more names than it asks");
});

Deno.test("where everybody is wanted a lookup has its limit, too", async () => {
  const { node, log } = spammedNode({ [key]: spammers });
  await lookUp(node, { all: true });
  assert.equal(log.asked.length, discoveryLimits.recordsForAll);
});

Deno.test("an honest one among the first that are named is found", async () => {
  const { node } = spammedNode({
    [key]: [...spammers.slice(0, 20), honest.peerId, ...spammers.slice(20)],
  });
  const { origins } = await lookUp(node);
  assert.deepEqual(origins, ["http://192.0.2.1:8400"]);
});
