import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  advertiseCapabilities,
  askWorker,
  capabilityKeys,
  findWorkers,
} from "../../src/discovery/capability.ts";
import { encodeJobMessage, jobMessageBytes, jobProtocol } from "../../src/formats/job_wire.ts";
import { keyidOfPeer } from "../../src/identity/keyid.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { dhtClient, dhtNode, p2pTest, until } from "../support/dht.ts";
import { testIdentity } from "../support/manifests.ts";

const signal = () => AbortSignal.timeout(10_000);
const info = {
  ok: true,
  arch: "arm64",
  runtimes: ["wasm", "v8-wasi-0.1"],
  http_port: 8080,
  load: 3,
};

async function worker(
  number: number,
  bootstrap: Parameters<typeof dhtNode>[0],
  said: Record<string, unknown> = {},
) {
  await using parts = new AsyncDisposableStack();
  const { seed } = testIdentity(number);
  const node = parts.use(await dhtNode(bootstrap, { seed: seed.slice() }));
  await node.serve({
    protocol: jobProtocol,
    maxBytes: jobMessageBytes,
    answer: () => Promise.resolve(encodeJobMessage({ ...info, ...said })),
  });
  const keys = capabilityKeys("arm64", ["v8-wasi-0.1"]);
  const advertiser = parts.use(advertiseCapabilities(node, keys, systemDeps()));
  const held = parts.move();
  return { node, advertiser, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

Deno.test({
  name: "workers are found by what they can run, at the address at which they were reached",
  ...p2pTest,
  async fn() {
    await using hub = await dhtNode();
    await using one = await worker(4, [hub]);
    await using two = await worker(5, [hub], { load: 1 });
    await using liar = await worker(6, [hub], { arch: "x86_64" });
    await using odd = await worker(7, [hub], { http_port: 0, origin: "http://198.51.100.1" });
    const all = [one, two, liar, odd];
    await until(() =>
      all.every(({ advertiser }) => {
        const told = Object.values(advertiser.announced());
        return told.length === 2 && told.every((count) => count > 0);
      })
    );
    await using client = await dhtClient([hub]);
    await client.joined(signal());
    const found = await findWorkers(client, {
      arch: "arm64",
      runtime: "v8-wasi-0.1",
      signal: signal(),
    });
    deepEqual(found.map(({ peer, keyid, origin }) => [peer, keyid, origin]), [
      [two.node.peerId, testIdentity(5).keyid, "http://127.0.0.1:8080"],
      [one.node.peerId, testIdentity(4).keyid, "http://127.0.0.1:8080"],
    ]);
    const none = await findWorkers(client, { runtime: "v8-wasi-0.2", signal: signal() });
    deepEqual(none, []);
    await rejects(askWorker(client, odd.node.peerId, signal()), { code: "malformed" });
    await rejects(askWorker(client, hub.peerId, signal()));
  },
});

Deno.test("a search that is ended answers with what it has", async () => {
  const stop = new AbortController();
  const node = {
    peerId: "us",
    async *providers(_key: string, signal: AbortSignal) {
      yield testIdentity(4).peerId;
      yield testIdentity(5).peerId;
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve(), { once: true });
      });
      signal.throwIfAborted();
    },
    ask: (peer: string, options: { signal: AbortSignal }) => {
      if (peer === testIdentity(4).peerId) {
        const bytes = encodeJobMessage(info);
        return Promise.resolve({ bytes, host: "2001:db8::1", latencyMs: 1 });
      }
      stop.abort();
      options.signal.throwIfAborted();
      throw new Error("not reached");
    },
  };
  const found = await findWorkers(node, { arch: "arm64", signal: stop.signal });
  deepEqual(found.map(({ origin }) => origin), ["http://[2001:db8::1]:8080"]);
});

Deno.test("the keyid of a peer is in its id, and in no other text", () => {
  for (let i = 1; i < 20; i++) {
    const { peerId, keyid } = testIdentity(i);
    equal(keyidOfPeer(peerId), keyid);
    equal(keyidOfPeer(`${peerId}1`), undefined);
    equal(keyidOfPeer(peerId.slice(1)), undefined);
  }
  for (const odd of ["", "0", "12D3KooW", "1".repeat(38), "l".repeat(500)]) {
    equal(keyidOfPeer(odd), undefined);
  }
});
