import assert from "node:assert/strict";
import fc from "fast-check";
import { type CacheEntry, formatCache, parseCache } from "../../src/artifacts/cache_format.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { fileLimits } from "../../src/lib/limits.ts";
import { testBytes } from "../support/artifacts.ts";

const KiB = 1024;
const chunkSizes = [256 * KiB, 4096 * KiB, 16384 * KiB];

const entries: fc.Arbitrary<CacheEntry> = fc.record({
  dev: fc.nat(),
  ino: fc.maxSafeNat(),
  size: fc.integer({ min: 1, max: 2 ** 22 }),
  mtimeMs: fc.maxSafeInteger(),
  ctimeMs: fc.maxSafeInteger(),
  digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.toHex()),
  chunkSize: fc.constantFrom(...chunkSizes),
}).map((hash) => ({
  hash: { ...hash, chunks: testBytes(32 * Math.ceil(hash.size / hash.chunkSize)) },
  used: hash.dev,
}));

/** The bytes with a sum that fits, as a program with other ideas would write them. */
function withSum(body: string): Uint8Array {
  const sum = sha256Hex(new TextEncoder().encode(body));
  return new TextEncoder().encode(`plasmd-hash-cache 1 ${sum}\n${body}`);
}

function inserted(bytes: Uint8Array, place: number, byte: number): Uint8Array {
  const more = new Uint8Array(bytes.length + 1);
  more.set(bytes.subarray(0, place));
  more[place] = byte;
  more.set(bytes.subarray(place), place + 1);
  return more;
}

function sorted(list: readonly CacheEntry[]) {
  return [...list].sort((a, b) => b.used - a.used);
}

Deno.test("what is written is read again", () => {
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 5 }), (list) => {
      assert.deepEqual(parseCache(formatCache(list)), sorted(list));
    }),
    { numRuns: 50 },
  );
});

Deno.test("any changed, missing or added byte makes it no cache at all", () => {
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    by: fc.integer({ min: 1, max: 255 }),
  });
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 2 }), damage, (list, { at, by }) => {
      const bytes = formatCache(list);
      const place = Math.min(bytes.length - 1, Math.floor(at * bytes.length));
      assert.equal(parseCache(bytes.subarray(0, place)), undefined);
      assert.equal(parseCache(inserted(bytes, place, by)), undefined);
      bytes[place]! ^= by;
      assert.equal(parseCache(bytes), undefined);
    }),
    { numRuns: 100 },
  );
});

Deno.test("any bytes are read without an error", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    assert.equal(parseCache(bytes), undefined);
  }));
  fc.assert(fc.property(fc.json(), (json) => {
    const list = parseCache(withSum(json));
    assert.ok(list === undefined || list.length === 0, json);
  }));
});

Deno.test("a sum that fits doesn't make wrong entries right", () => {
  const good = {
    ...{ dev: 1, ino: 2, size: 300_000, mtimeMs: 3, ctimeMs: 4, chunkSize: 256 * KiB, used: 5 },
    digest: "ab".repeat(32),
    chunks: testBytes(64).toBase64(),
  };
  assert.equal(parseCache(withSum(JSON.stringify([good])))?.length, 1);
  const wrong: Record<string, unknown>[] = [
    { digest: "AB".repeat(32) },
    { digest: "ab" },
    { digest: 5 },
    { chunks: testBytes(32).toBase64() },
    { chunks: testBytes(64).toBase64() + " " },
    { chunks: undefined },
    { size: 0 },
    { size: -1 },
    { size: "300000" },
    { size: 300_000 * 2 },
    { chunkSize: 300_000 },
    { chunkSize: 128 * KiB },
    { chunkSize: 0 },
    { ino: null },
    { mtimeMs: undefined },
    { used: "now" },
  ];
  for (const change of wrong) {
    const body = JSON.stringify([good, { ...good, ...change }]);
    assert.equal(parseCache(withSum(body)), undefined, JSON.stringify(change));
  }
  for (const body of ["", "{}", "null", "[null]", "[[]]", "[1]", '{"length":0}']) {
    assert.equal(parseCache(withSum(body)), undefined, body);
  }
});

Deno.test("a cache that would be too large drops what was not of use for longest", () => {
  const chunkSize = 256 * KiB;
  const chunks = testBytes(32 * 8000);
  const list = Array.from({ length: 30 }, (_, used) => ({
    hash: {
      ...{ dev: 1, ino: used, size: 8000 * chunkSize, mtimeMs: 1, ctimeMs: 1, chunkSize, chunks },
      digest: "00".repeat(32),
    },
    used,
  }));
  const bytes = formatCache(list);
  assert.ok(bytes.length <= fileLimits.hashCacheBytes);
  const kept = parseCache(bytes)!;
  assert.ok(kept.length > 5 && kept.length < 30, `${kept.length}`);
  assert.deepEqual(
    kept.map(({ used }) => used),
    list.slice(-kept.length).map((e) => e.used).reverse(),
  );
});
