import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { systemDeps } from "../../src/lib/deps.ts";
import { p2pLimits } from "../../src/lib/limits.ts";
import type { Node } from "../../src/p2p/libp2p.ts";
import { checkConnections, checkTable, keepAlive } from "../../src/p2p/liveness.ts";
import { fakeClock } from "../support/clock.ts";

/** A peer as liveness sees it. */
interface FakePeer {
  readonly name: string;
  /** What becomes of a ping: an error's name, or nothing where it is answered. */
  ping?: string;
  connected: boolean;
  /** Whether it can be dialled. */
  dials?: boolean;
}

/** A node with these peers, all of them in its table. */
function fakeNode(peers: readonly FakePeer[]) {
  const log = { pings: [] as string[], dials: [] as string[] };
  const table = new Set(peers);
  const idOf = (peer: FakePeer) => ({ toString: () => peer.name, equals: () => false, peer });
  type Id = ReturnType<typeof idOf>;
  const node = {
    peerId: {},
    getPeers: () => peers.filter(({ connected }) => connected).map(idOf),
    getConnections: ({ peer }: Id) =>
      peer.connected ? [{ abort: () => void (peer.connected = false) }] : [],
    dial({ peer }: Id) {
      log.dials.push(peer.name);
      return peer.dials ? Promise.resolve() : Promise.reject(new Error("no answer"));
    },
    services: {
      ping: {
        ping({ peer }: Id) {
          log.pings.push(peer.name);
          if (peer.ping === undefined) return Promise.resolve(1);
          return Promise.reject(Object.assign(new Error("ping"), { name: peer.ping }));
        },
      },
      dht: {
        routingTable: {
          kb: { toIterable: () => [...table].map((peer) => ({ peerId: idOf(peer) })) },
          remove: ({ peer }: Id) => Promise.resolve(void table.delete(peer)),
        },
      },
    },
  };
  const names = () => [...table].map(({ name }) => name);
  return { node: node as unknown as Node, log, names };
}

const never = new AbortController().signal;

Deno.test("a peer that misses several pings in a row is cut off, not one that misses one", async () => {
  const silent: FakePeer = { name: "silent", ping: "TimeoutError", connected: true };
  const slow: FakePeer = { name: "slow", ping: "TimeoutError", connected: true };
  const { node } = fakeNode([silent, slow]);
  const failures = new Map<string, number>();
  for (let look = 1; look <= p2pLimits.pingFailures; look++) {
    assert.equal(silent.connected, true, `before look ${look}`);
    slow.ping = look % 2 === 0 ? undefined : "TimeoutError";
    await checkConnections(node, failures, never);
  }
  assert.equal(silent.connected, false);
  assert.equal(slow.connected, true);
  await checkConnections(node, failures, never);
  assert.equal(failures.has("silent"), false, "nothing is kept of who has gone");
});

Deno.test("a peer that doesn't know ping is there", async () => {
  const other: FakePeer = { name: "other", ping: "UnsupportedProtocolError", connected: true };
  const { node } = fakeNode([other]);
  const failures = new Map<string, number>();
  for (let look = 0; look < 2 * p2pLimits.pingFailures; look++) {
    await checkConnections(node, failures, never);
  }
  assert.equal(other.connected, true);
  assert.equal(failures.size, 0);
});

Deno.test("peers that can't be dialled leave the table, a few in each look", async () => {
  const dead = Array.from({ length: p2pLimits.livenessDials + 1 }, (_, i): FakePeer => {
    return { name: `dead ${i}`, connected: false };
  });
  const away: FakePeer = { name: "away", connected: false, dials: true };
  const here: FakePeer = { name: "here", connected: true };
  const { node, log, names } = fakeNode([away, here, ...dead]);
  await checkTable(node, never);
  assert.equal(log.dials.length, p2pLimits.livenessDials);
  assert.equal(log.dials.includes("here"), false, "it is connected");
  await checkTable(node, never);
  assert.deepEqual(names(), ["away", "here"]);
});

Deno.test("a node that stops takes nobody out of its table", async () => {
  const { node, log, names } = fakeNode([{ name: "peer", connected: false }]);
  await checkTable(node, AbortSignal.abort());
  assert.deepEqual(log.dials, []);
  assert.deepEqual(names(), ["peer"]);
});

Deno.test("peers are looked at by the clock, until the node stops", async () => {
  const peer: FakePeer = { name: "peer", connected: true };
  const { node, log } = fakeNode([peer]);
  const clock = fakeClock();
  const stop = new AbortController();
  keepAlive(node, stop.signal, { ...systemDeps(), clock });
  for (let look = 0; look < 3; look++) {
    clock.advance(0.7 * p2pLimits.livenessMs);
    await setImmediate();
    assert.equal(log.pings.length, look, "it is too early");
    clock.advance(0.6 * p2pLimits.livenessMs);
    await setImmediate();
    assert.equal(log.pings.length, look + 1);
  }
  stop.abort();
  clock.advance(10 * p2pLimits.livenessMs);
  await setImmediate();
  assert.equal(log.pings.length, 3);
});
