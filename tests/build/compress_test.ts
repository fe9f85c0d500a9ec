import assert from "node:assert/strict";
import { zstdDecompressSync } from "node:zlib";
import { compressFrames } from "../../src/build/compress.ts";
import { tempDirectory } from "../support/temp.ts";

const bytes = new Uint8Array(10_000).map((_, i) => i % 251);

Deno.test("frames unpack one by one to the whole", async () => {
  await using cache = await tempDirectory();
  const frames = await compressFrames(bytes, { cache: cache.path, level: 3, frameBytes: 4096 });
  assert.deepEqual(frames.map(({ at, size }) => [at, size]), [[0, 4096], [4096, 4096], [
    8192,
    1808,
  ]]);
  for (const { at, size, packed } of frames) {
    assert.deepEqual(new Uint8Array(zstdDecompressSync(packed)), bytes.slice(at, at + size));
  }
});

Deno.test("nothing has no frame", async () => {
  await using cache = await tempDirectory();
  assert.deepEqual(await compressFrames(new Uint8Array(), { cache: cache.path }), []);
});

Deno.test("packed frames are taken from the cache, by content and level", async () => {
  await using cache = await tempDirectory();
  const options = { cache: cache.path, level: 3, frameBytes: 4096 };
  const [first] = await compressFrames(bytes, options);
  const names = (await Array.fromAsync(Deno.readDir(cache.path))).map(({ name }) => name);
  assert.equal(names.length, 3);
  await Deno.writeFile(cache.join(names[0]!), new Uint8Array([1]));
  const again = await compressFrames(bytes, options);
  assert.equal(again.filter(({ packed }) => packed.length === 1).length, 1);
  const [other] = await compressFrames(bytes, { ...options, level: 1 });
  assert.equal(other!.size, first!.size);
  assert.equal((await Array.fromAsync(Deno.readDir(cache.path))).length, 6);
});
