import assert from "node:assert/strict";
import { makeCache } from "../../../src/discovery/mdns/cache.ts";
import type { DnsRecord } from "../../../src/discovery/mdns/packet.ts";
import { mdnsLimits } from "../../../src/lib/limits.ts";

function address(data: string, changes: { ttl?: number; flush?: boolean; name?: string } = {}) {
  return { type: "A", name: "a.local", ttl: 100, flush: false, data, ...changes } as DnsRecord;
}

Deno.test("a record is kept for its life, and asked for at 80, 85, 90 and 95 % of it", () => {
  const cache = makeCache();
  cache.hear(address("192.0.2.1"), "s", 0);
  const asked: number[] = [];
  for (let at = cache.due(); cache.get("A.LOCAL", "A").length > 0; at = cache.due()) {
    cache.expire(at);
    if (cache.refresh(at).length > 0) asked.push(Math.round(at));
  }
  assert.deepEqual(asked, [80_000, 85_000, 90_000, 95_000]);
  assert.equal(cache.due(), Infinity);
});

Deno.test("a flush leaves older ones one second, and those of the same moment alone", () => {
  const cache = makeCache();
  cache.hear(address("192.0.2.1"), "s", 0);
  cache.hear(address("192.0.2.2", { flush: true }), "s", 5000);
  cache.hear(address("192.0.2.3", { flush: true }), "s", 5001);
  assert.equal(cache.get("a.local", "A").length, 3);
  cache.expire(6001);
  assert.deepEqual(cache.get("a.local", "A").map(({ data }) => data), ["192.0.2.2", "192.0.2.3"]);
});

Deno.test("no record lives longer than 75 minutes", () => {
  const cache = makeCache();
  cache.hear(address("192.0.2.1", { ttl: 0xffffffff }), "s", 0);
  assert.deepEqual(cache.expire(4500 * 1000), ["a.local"]);
});

Deno.test("a sender has a share, and the heaviest makes room", () => {
  const cache = makeCache();
  const { cacheRecords, cacheRecordsPerSender } = mdnsLimits;
  for (let i = 0; i <= cacheRecordsPerSender; i++) {
    const kept = cache.hear(address("192.0.2.1", { name: `n${i}.local` }), "greedy", i);
    assert.equal(kept, i < cacheRecordsPerSender);
  }
  for (let i = 0; i < cacheRecords; i++) {
    cache.hear(address("192.0.2.1", { name: `m${i}.local` }), `s${i % 100}`, i);
  }
  assert.equal(cache.size, cacheRecords);
  assert.ok(cache.hear(address("192.0.2.7", { name: "honest.local" }), "honest", 9));
  assert.equal(cache.get("honest.local", "A").length, 1);
  assert.equal(cache.get("n0.local", "A").length, 0);
});
