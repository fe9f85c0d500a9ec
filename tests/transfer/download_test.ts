import assert from "node:assert/strict";
import { PlasmdError } from "../../src/lib/errors.ts";
import { createPlan } from "../../src/transfer/chunk.ts";
import { download } from "../../src/transfer/download.ts";
import { httpOrigin } from "../../src/transfer/http_source.ts";
import type { PartFile } from "../../src/transfer/part_file.ts";
import { makePool } from "../../src/transfer/pool.ts";
import type { Origin, Wanted } from "../../src/transfer/source.ts";
import { makeRateLimit } from "../../src/transfer/speed.ts";
import { type FakeOrigin, startOrigin } from "../support/fake_origin.ts";
import { chunkBytes, honest, testImage } from "../support/image_origin.ts";
import { quickDeps, quickLimits } from "../support/quick.ts";

const image = testImage();
const wanted: Wanted = { name: "rootfs", artifact: image.verified.manifest.artifacts.rootfs! };
const chunks = 11;

/** A file in memory whose writes do what the test says. */
function memoryPart(onWrite: (at: number) => Promise<void>): PartFile & { bytes: Uint8Array } {
  const bytes = new Uint8Array(image.rootfs.length);
  return {
    path: "memory",
    bytes,
    allocated: () => Promise.resolve(0),
    async write(part, at) {
      await onWrite(at);
      bytes.set(part, at);
    },
    goodChunks: () => Promise.resolve([]),
    seal: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function start(origin: FakeOrigin, part: PartFile, signal = new AbortController().signal) {
  const source = httpOrigin(new URL(`${origin.url}/manifest.json`), quickDeps, quickLimits);
  const pool = makePool([source], quickLimits, quickDeps);
  const written: number[] = [];
  const done = download({
    wanted,
    plan: createPlan(chunks),
    part,
    rate: makeRateLimit(undefined, quickDeps.clock),
    onWritten: (_, index) => written.push(index),
    pool,
    limits: quickLimits,
    heldBack: false,
    signal,
  }, quickDeps);
  return { done, pool, written };
}

Deno.test("every chunk is written once, in order, by one provider", async () => {
  await using origin = startOrigin(honest(image));
  const part = memoryPart(() => Promise.resolve());
  const { done, written } = start(origin, part);
  await done;
  assert.deepEqual(written, Array.from({ length: chunks }, (_, index) => index));
  assert.deepEqual(part.bytes, image.rootfs);
});

Deno.test("a disk that fills up ends the download, and no provider is blamed for it", async () => {
  await using origin = startOrigin(honest(image));
  const part = memoryPart((at) =>
    at < 3 * chunkBytes
      ? Promise.resolve()
      : Promise.reject(new PlasmdError("no_space", "No space left on device"))
  );
  const { done, pool, written } = start(origin, part);
  await assert.rejects(
    done,
    (thrown: unknown) => thrown instanceof PlasmdError && thrown.code === "no_space",
  );
  assert.equal(pool.members[0]!.failures, 0);
  assert.equal(pool.members[0]!.dropped, undefined);
  assert.deepEqual(written, [0, 1, 2]);
});

Deno.test("a last chunk that can't be written is not lost sight of", async () => {
  await using origin = startOrigin(honest(image));
  const part = memoryPart((at) =>
    at < 10 * chunkBytes
      ? Promise.resolve()
      : Promise.reject(new PlasmdError("io", "Input/output error"))
  );
  await assert.rejects(start(origin, part).done, /Input\/output error/);
});

Deno.test("a slow disk holds the provider back, and doesn't make it slow", async () => {
  await using origin = startOrigin(honest(image));
  const part = memoryPart(() => quickDeps.clock.sleep(quickLimits.hedgeMs));
  const { done, pool } = start(origin, part);
  await done;
  assert.equal(pool.members[0]!.dropped, undefined);
  assert.deepEqual(part.bytes, image.rootfs);
});

Deno.test("a stopped download ends with what stopped it, its writes done", async () => {
  await using origin = startOrigin(honest(image));
  const stop = new AbortController();
  let writing = 0;
  const part = memoryPart(async (at) => {
    writing++;
    if (at === 2 * chunkBytes) stop.abort(new PlasmdError("cancelled", "Stopped"));
    await quickDeps.clock.sleep(5);
    writing--;
  });
  await assert.rejects(start(origin, part, stop.signal).done, /Stopped/);
  assert.equal(writing, 0);
});

for (const where of ["open", "read"] as const) {
  Deno.test(`a provider whose ${where} never ends, stopped or not, holds up nothing`, async () => {
    await using origin = startOrigin(honest(image));
    const never = new Promise<never>(() => {});
    const mute: Origin = {
      name: "mute",
      open: (_wanted, start) =>
        where === "open"
          ? never
          : Promise.resolve({ start, read: () => never, [Symbol.dispose]() {} }),
    };
    const source = httpOrigin(new URL(`${origin.url}/manifest.json`), quickDeps, quickLimits);
    const pool = makePool([mute, source], quickLimits, quickDeps);
    const part = memoryPart(() => Promise.resolve());
    await download({
      ...{ wanted, plan: createPlan(chunks), part, pool, limits: quickLimits, heldBack: false },
      rate: makeRateLimit(undefined, quickDeps.clock),
      onWritten: () => {},
      signal: new AbortController().signal,
    }, quickDeps);
    assert.deepEqual(part.bytes, image.rootfs);
  });
}
