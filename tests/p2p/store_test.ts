import assert from "node:assert/strict";
import { Key } from "interface-datastore";
import { p2pLimits } from "../../src/lib/limits.ts";
import { BoundedStore } from "../../src/p2p/store.ts";

const some = new Uint8Array(4);

/** A store in which peers are known by their own names. */
function store(): BoundedStore {
  return new BoundedStore(() => 0, (peer) => peer);
}

async function keysOf(from: BoundedStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of from.query({ prefix })) keys.push(key.toString());
  return keys;
}

Deno.test("what was put is there, until it is deleted", async () => {
  const kept = store();
  const key = new Key("/dht/record/abc");
  await kept.put(key, some);
  assert.deepEqual(await kept.get(key), some);
  assert.ok(await kept.has(key));
  await kept.delete(key);
  await assert.rejects(kept.get(key), { name: "NotFoundError" });
  assert.ok(!await kept.has(key));
});

Deno.test("a provider of whom nothing is known any more hides nobody", async () => {
  const kept = store();
  await kept.put(new Key("/peers/known"), some);
  await kept.put(new Key("/dht/provider/cid/known"), some);
  await kept.put(new Key("/dht/provider/cid/forgotten"), some);
  assert.deepEqual(await keysOf(kept, "/dht/provider/cid"), ["/dht/provider/cid/known"]);
  assert.equal(kept.providers, 1, "the other one is gone");
});

Deno.test("10,000 provider records of one key take the room of a few", async () => {
  const kept = store();
  for (let i = 0; i < 10_000; i++) {
    await kept.put(new Key(`/peers/p${i}`), some);
    await kept.put(new Key(`/dht/provider/cid/p${i}`), some);
  }
  assert.equal(kept.providers, p2pLimits.providersPerKey);
  assert.equal(kept.peers().length, p2pLimits.peersHeld);
});

Deno.test("provider records of many keys are refused once there are too many", async () => {
  const kept = store();
  await kept.put(new Key("/peers/p"), some);
  for (let i = 0; i < p2pLimits.providersHeld; i++) {
    await kept.put(new Key(`/dht/provider/cid${i}/p`), some);
  }
  await assert.rejects(kept.put(new Key("/dht/provider/more/p"), some), RangeError);
  await kept.delete(new Key("/dht/provider/cid0/p"));
  await kept.put(new Key("/dht/provider/more/p"), some);
});

Deno.test("what is too large isn't kept", async () => {
  const kept = store();
  await assert.rejects(kept.put(new Key("/dht/provider/cid/p"), new Uint8Array(65)), RangeError);
  const value = new Uint8Array(p2pLimits.peerBytes + 1);
  await assert.rejects(kept.put(new Key("/peers/p"), value), RangeError);
});

Deno.test("peers can be taken out and put in again; odd ones are left out", async () => {
  const kept = store();
  await kept.put(new Key("/peers/abc"), some);
  const other = store();
  other.takePeers([...kept.peers(), ["../x", some], ["big", new Uint8Array(10_000)]]);
  assert.deepEqual(await keysOf(other, "/peers/"), ["/peers/abc"]);
});
