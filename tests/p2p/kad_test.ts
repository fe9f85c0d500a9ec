import assert from "node:assert/strict";
import { findKey, type KadContext, providerCid } from "../../src/p2p/kad.ts";

/** A peer's id, as far as a query looks at it. */
const idOf = (name: string) => ({ toString: () => name });
const infoOf = (name: string) => ({ id: idOf(name), multiaddrs: [`/ip4/192.0.2.1/tcp/${name}`] });

/** A DHT whose own query ends at the first holder; a holder with an error doesn't answer. */
function fakeKad(holders: Readonly<Record<string, readonly string[] | Error>>) {
  const asked: string[] = [];
  const removed: string[] = [];
  const answer = (name: string) => {
    const list = holders[name]!;
    const from = idOf(name);
    if (list instanceof Error) return { name: "QUERY_ERROR", from, error: list };
    return { name: "PEER_RESPONSE", from, providers: list.map(infoOf) };
  };
  const [first] = Object.keys(holders);
  const kad = {
    async *findProviders() {
      const list = holders[first!];
      await Promise.resolve();
      if (Array.isArray(list)) yield { name: "PROVIDER", providers: list.map(infoOf) };
    },
    async *getClosestPeers(key: Uint8Array) {
      assert.deepEqual(key, providerCid("a key").multihash.bytes);
      await Promise.resolve();
      for (const name of Object.keys(holders)) yield { name: "FINAL_PEER", peer: infoOf(name) };
    },
    network: {
      async *sendRequest(to: { toString(): string }, message: { type: string }) {
        assert.equal(message.type, "GET_PROVIDERS");
        asked.push(to.toString());
        await Promise.resolve();
        yield answer(to.toString());
      },
    },
    routingTable: { remove: (peer: object) => Promise.resolve(void removed.push(`${peer}`)) },
  };
  const context = {
    kad,
    isConnected: () => false,
    stopping: new AbortController().signal,
  } as unknown as KadContext;
  return { context, asked, removed };
}

async function namesOf(context: KadContext, walk: boolean): Promise<string[]> {
  const found = findKey(context, "a key", AbortSignal.timeout(5000), walk);
  return (await Array.fromAsync(found)).map(({ id }) => id.toString());
}

Deno.test("a lookup ends where the library's query does, a walk asks every holder", async () => {
  const { context, asked } = fakeKad({ a: ["1", "2"], b: ["2", "3"], c: ["4", "1"] });
  assert.deepEqual(await namesOf(context, false), ["1", "2"]);
  assert.deepEqual(asked, []);
  assert.deepEqual(await namesOf(context, true), ["1", "2", "3", "4"]);
  assert.deepEqual(asked, ["a", "b", "c"]);
});

Deno.test("a holder that doesn't answer leaves the table, and the walk goes on", async () => {
  const { context, removed } = fakeKad({ a: ["1"], b: new Error("gone"), c: ["2"] });
  assert.deepEqual(await namesOf(context, true), ["1", "2"]);
  assert.deepEqual(removed, ["b"]);
});

Deno.test("a walk asks more holders than it asks at one time", async () => {
  const names = Array.from({ length: 20 }, (_, i) => `${i}`);
  const { context, asked } = fakeKad(
    Object.fromEntries(names.map((name) => [name, [`9${name}`]])),
  );
  assert.equal((await namesOf(context, true)).length, 20);
  assert.equal(asked.length, 20);
});
