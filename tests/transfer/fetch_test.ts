import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { PlasmdError } from "../../src/lib/errors.ts";
import { startOrigin } from "../support/fake_origin.ts";
import { fetchFrom, namesIn } from "../support/fetching.ts";
import {
  chunkBytes,
  honest,
  rangeReply,
  testImage,
  thenSilence,
  withRootfs,
} from "../support/image_origin.ts";
import { artifactOf } from "../support/manifests.ts";
import { tempDirectory } from "../support/temp.ts";

const image = testImage();

const fails = (code: string, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof PlasmdError, String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  assert.match(thrown.message, message);
  return true;
};

Deno.test("an image is fetched, verified and named", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const progress: number[] = [];
  const report = await fetchFrom(image, [origin], directory.join("out"), {
    onProgress: (done, total) => progress.push(done / total),
  });
  assert.deepEqual(await namesIn(directory.join("out")), ["kernel", "manifest.json", "rootfs"]);
  assert.deepEqual(await Deno.readFile(directory.join("out/rootfs")), image.rootfs);
  assert.deepEqual(await Deno.readFile(directory.join("out/kernel")), image.kernel);
  assert.deepEqual(await Deno.readFile(directory.join("out/manifest.json")), image.manifest);
  assert.equal(report.bytes, image.kernel.length + image.rootfs.length);
  assert.deepEqual(report.providers, [{ name: origin.url, bytes: report.bytes }]);
  assert.deepEqual(report.dropped, []);
  assert.equal(progress.at(-1), 1);
  assert.deepEqual(progress, progress.toSorted((a, b) => a - b));
});

Deno.test("a good provider is asked once a file, not once a chunk", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  await fetchFrom(image, [origin], directory.path);
  assert.deepEqual(origin.requests.map(({ path }) => path), ["/kernel", "/rootfs"]);
});

Deno.test("only the artifacts asked for are fetched", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  await fetchFrom(image, [origin], directory.path, { artifacts: ["kernel"] });
  assert.deepEqual(await namesIn(directory.path), ["kernel", "manifest.json"]);
  await assert.rejects(
    fetchFrom(image, [origin], directory.path, { artifacts: ["initramfs"] }),
    fails("usage", /no "initramfs"/),
  );
});

Deno.test("files that are right are kept, and nobody is asked", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  await fetchFrom(image, [origin], directory.path);
  const before = await fs.stat(directory.join("rootfs"));
  const report = await fetchFrom(image, [], directory.path);
  assert.equal(report.bytes, 0);
  assert.equal((await fs.stat(directory.join("rootfs"))).ino, before.ino);
});

Deno.test("a file that differs by a byte is fetched again", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const wrong = image.rootfs.slice();
  wrong[99]! ^= 1;
  await fs.writeFile(directory.join("rootfs"), wrong);
  await fetchFrom(image, [origin], directory.path);
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
});

Deno.test("a fetch that was stopped goes on where it was", async () => {
  await using directory = await tempDirectory();
  const stop = new AbortController();
  await using halting = startOrigin(
    withRootfs(
      image,
      (request, { closed }) =>
        rangeReply(
          request,
          image.rootfs,
          (bytes) => thenSilence(bytes.slice(0, 5 * chunkBytes + 9), closed),
        ),
    ),
  );
  let done = 0;
  const stopped = fetchFrom(image, [halting], directory.path, {
    signal: stop.signal,
    onProgress: (bytes) => {
      done = bytes;
      if (done >= 5 * chunkBytes) stop.abort(new PlasmdError("cancelled", "Stopped by a signal"));
    },
  });
  await assert.rejects(stopped, fails("cancelled", /Stopped/));
  assert.deepEqual(await namesIn(directory.path), ["kernel.part", "rootfs.part"]);
  await using origin = startOrigin(honest(image));
  const report = await fetchFrom(image, [origin], directory.path);
  assert.equal(report.bytes, image.rootfs.length - 5 * chunkBytes);
  assert.deepEqual(origin.requests.map(({ headers }) => headers.get("range")), [
    `bytes=${5 * chunkBytes}-${image.rootfs.length - 1}`,
  ]);
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
});

Deno.test("of a corrupt unfinished file only the wrong chunks are fetched", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const corrupt = image.rootfs.slice();
  corrupt[3 * chunkBytes + 5]! ^= 1;
  corrupt[8 * chunkBytes]! ^= 1;
  const longer = new Uint8Array(corrupt.length + 5000);
  longer.set(corrupt);
  await fs.writeFile(directory.join("rootfs.part"), longer);
  const report = await fetchFrom(image, [origin], directory.path, { artifacts: ["rootfs"] });
  assert.equal(report.bytes, 2 * chunkBytes);
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
});

Deno.test("an older image stays whole until the new one is verified", async () => {
  await using directory = await tempDirectory();
  const older = testImage({ sequence: 1_764_158_399 }, 50);
  await using old = startOrigin(honest(older));
  await fetchFrom(older, [old], directory.path);
  await using broken = startOrigin(withRootfs(image, () => undefined));
  await assert.rejects(fetchFrom(image, [broken], directory.path), fails("transfer", /closed/));
  assert.deepEqual(await Deno.readFile(directory.join("kernel")), older.kernel);
  assert.deepEqual(await Deno.readFile(directory.join("manifest.json")), older.manifest);
  await using origin = startOrigin(honest(image));
  await fetchFrom(image, [origin], directory.path);
  assert.deepEqual(await Deno.readFile(directory.join("kernel")), image.kernel);
  assert.deepEqual(await Deno.readFile(directory.join("manifest.json")), image.manifest);
  assert.deepEqual(await namesIn(directory.path), ["kernel", "manifest.json", "rootfs"]);
});

Deno.test("too little room is found before anything is fetched", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  await assert.rejects(
    fetchFrom(image, [origin], directory.path, { freeBytes: () => Promise.resolve(1000) }),
    fails("no_space", /free/),
  );
  assert.equal(origin.connections(), 0);
});

Deno.test("a manifest whose chunks and whole contradict each other is refused", async () => {
  await using directory = await tempDirectory();
  const honestKernel = artifactOf(image.kernel, "/kernel", chunkBytes);
  const kernel = { ...honestKernel, hash: `sha256:${"0".repeat(64)}` };
  const lying = testImage({ artifacts: { kernel } });
  await using origin = startOrigin(honest(lying));
  await assert.rejects(fetchFrom(lying, [origin], directory.path), fails("mismatch", /whole/));
  assert.deepEqual(await namesIn(directory.path), []);
});

Deno.test("the whole of a large file is hashed in a Worker while it arrives", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  await fetchFrom(image, [origin], directory.path, { limits: { followBytes: 1 } });
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
});

Deno.test("a rate is held", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const started = performance.now();
  const limitRate = 4 * image.rootfs.length;
  await fetchFrom(image, [origin], directory.path, { limitRate, artifacts: ["rootfs"] });
  assert.ok(performance.now() - started >= 240, "a quarter of a second");
  assert.equal(origin.connections(), 1);
});

Deno.test("two fetches into one directory don't mix", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  const results = await Promise.allSettled([
    fetchFrom(image, [origin], directory.path),
    fetchFrom(image, [origin], directory.path),
  ]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});
