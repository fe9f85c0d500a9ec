import assert from "node:assert/strict";
import { cacheName, openHashCache } from "../../src/artifacts/cache.ts";
import type { FileHash } from "../../src/artifacts/hash.ts";
import { fileLimits } from "../../src/lib/limits.ts";
import { fakeClock } from "../support/clock.ts";
import { memoryLog } from "../support/memory_log.ts";
import { tempDirectory } from "../support/temp.ts";

const clock = fakeClock(100_000);
const hash: FileHash = {
  ...{ dev: 1, ino: 2, size: 3, mtimeMs: 4, ctimeMs: 5, chunkSize: 256 * 1024 },
  digest: "cd".repeat(32),
  chunks: new Uint8Array(32),
};

Deno.test("a hash is found again after a restart, under its whole stamp only", async () => {
  await using directory = await tempDirectory();
  const log = memoryLog();
  const first = await openHashCache(directory.path, { clock, log });
  assert.equal(first.get(hash, hash.chunkSize), undefined);
  first.put(hash);
  await first.save();
  const second = await openHashCache(directory.path, { clock, log });
  assert.deepEqual(second.get(hash, hash.chunkSize), hash);
  assert.equal(second.get(hash, 512 * 1024), undefined);
  for (const member of ["dev", "ino", "size", "mtimeMs", "ctimeMs"] as const) {
    assert.equal(second.get({ ...hash, [member]: 9 }, hash.chunkSize), undefined, member);
  }
  assert.deepEqual(log.records, []);
});

Deno.test("a file that was written just now is not kept: it may be written once more", async () => {
  await using directory = await tempDirectory();
  const deps = { clock, log: memoryLog() };
  const first = await openHashCache(directory.path, deps);
  const touched = { ...hash, ctimeMs: clock.now() - 1000 };
  const fresh = { ...hash, ino: 7, mtimeMs: clock.now() + 5000 };
  for (const one of [hash, touched, fresh]) first.put(one);
  assert.deepEqual(first.get(touched, hash.chunkSize), touched); // in this run it is
  await first.save();
  const second = await openHashCache(directory.path, deps);
  assert.deepEqual(second.get(hash, hash.chunkSize), hash);
  assert.equal(second.get(touched, hash.chunkSize), undefined);
  assert.equal(second.get(fresh, hash.chunkSize), undefined);
});

const bad: Record<string, (file: string) => Promise<void>> = {
  "a damaged cache": (file) => Deno.writeTextFile(file, "plasmd-hash-cache 1 \n[]"),
  "an empty cache": (file) => Deno.writeTextFile(file, ""),
  "a cache above the limit": async (file) => {
    await Deno.writeTextFile(file, "x");
    await Deno.truncate(file, fileLimits.hashCacheBytes + 1);
  },
  "a directory in its place": (file) => Deno.mkdir(file),
  async "a link in its place"(file) {
    await Deno.writeTextFile(`${file}.other`, "");
    await Deno.symlink(`${file}.other`, file);
  },
};
for (const [name, make] of Object.entries(bad)) {
  Deno.test(`${name} is as good as none, and is logged`, async () => {
    await using directory = await tempDirectory();
    const log = memoryLog();
    await make(directory.join(cacheName));
    const cache = await openHashCache(directory.path, { clock, log });
    assert.equal(cache.get(hash, hash.chunkSize), undefined);
    assert.equal(log.warnings().length, 1);
    assert.match(log.warnings()[0]!, /hash cache.*: all hashes are computed again/);
    cache.put(hash);
    await cache.save();
    if (name.startsWith("a directory")) return; // nothing replaces that
    const again = await openHashCache(directory.path, { clock, log: memoryLog() });
    assert.deepEqual(again.get(hash, hash.chunkSize), hash);
  });
}

Deno.test("where nothing can be written the cache works without the disk, and warns", async () => {
  await using directory = await tempDirectory();
  await Deno.writeTextFile(directory.join("state"), "a file, so nothing can be made below it");
  const log = memoryLog();
  const cache = await openHashCache(directory.join("state"), { clock, log });
  cache.put(hash);
  await cache.save();
  assert.deepEqual(cache.get(hash, hash.chunkSize), hash);
  assert.match(log.warnings().at(-1)!, /Hashes are not kept/);
});

Deno.test("nothing is written where nothing is new", async () => {
  await using directory = await tempDirectory();
  const cache = await openHashCache(directory.path, { clock, log: memoryLog() });
  await cache.save();
  await assert.rejects(Deno.stat(directory.join(cacheName)), Deno.errors.NotFound);
});
