import assert from "node:assert/strict";
import { PlasmdError } from "../../src/lib/errors.ts";
import { type Behave, startOrigin } from "../support/fake_origin.ts";
import { fetchFrom } from "../support/fetching.ts";
import {
  chunkBytes,
  honest,
  rangeReply,
  testImage,
  thenSilence,
  withRootfs,
} from "../support/image_origin.ts";
import { quickDeps } from "../support/quick.ts";
import { tempDirectory } from "../support/temp.ts";

const image = testImage();

/** Falls silent after so many bytes. */
const silentAfter = (bytes: number): Behave => (request, { closed }) =>
  rangeReply(request, image.rootfs, (all) => thenSilence(all.slice(0, bytes), closed));

/** Sends a few bytes now and then. */
const dripping: Behave = (request) => {
  async function* drip(bytes: Uint8Array) {
    for (let at = 0; at < bytes.length; at += 10) {
      yield bytes.subarray(at, at + 10);
      await quickDeps.clock.sleep(10);
    }
  }
  return rangeReply(request, image.rootfs, drip);
};

/** Sends well, but at a rate of some chunks a second. */
const slow: Behave = (request) => {
  async function* pieces(bytes: Uint8Array) {
    for (let at = 0; at < bytes.length; at += chunkBytes / 2) {
      yield bytes.subarray(at, at + chunkBytes / 2);
      await quickDeps.clock.sleep(20);
    }
  }
  return rangeReply(request, image.rootfs, pieces);
};

Deno.test("where a provider falls silent, another one is asked within the hedge time", async () => {
  await using directory = await tempDirectory();
  await using silent = startOrigin(withRootfs(image, silentAfter(3 * chunkBytes + 5)));
  await using good = startOrigin(honest(image));
  const started = performance.now();
  // The window for "too slow" never ends here: hedging alone must do it.
  const limits = { slowWindowMs: 60_000, joinMs: 60_000 };
  const report = await fetchFrom(image, [silent, good], directory.path, { limits });
  assert.ok(performance.now() - started < 2000);
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
  assert.ok(report.providers.some(({ name }) => name === good.url));
  // The chunk that the silent one was at, or an earlier one on a machine that is busy.
  const start = Number(/^bytes=(\d+)-/.exec(good.requests[0]!.headers.get("range")!)![1]);
  assert.ok(start <= 3 * chunkBytes && start % chunkBytes === 0, `from ${start}`);
});

Deno.test("a provider that never answers is hedged, too", async () => {
  await using directory = await tempDirectory();
  await using silent = startOrigin(withRootfs(image, (_, { closed }) => ({
    status: 100,
    body: thenSilence(new Uint8Array(), closed),
  })));
  await using good = startOrigin(honest(image));
  await fetchFrom(image, [silent, good], directory.path, { limits: { connectMs: 60_000 } });
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
});

Deno.test("a provider that stays silent is dropped and named", async () => {
  await using directory = await tempDirectory();
  await using silent = startOrigin(withRootfs(image, silentAfter(10)));
  await using good = startOrigin(withRootfs(image, slow));
  const limits = { slowWindowMs: 120, joinMs: 60_000 };
  const report = await fetchFrom(image, [silent, good], directory.path, { limits });
  assert.deepEqual(report.dropped.map(({ name }) => name), [silent.url]);
  assert.match(report.dropped[0]!.reason, /fell silent/);
});

Deno.test("one that drips is replaced", async () => {
  await using directory = await tempDirectory();
  await using drip = startOrigin(withRootfs(image, dripping));
  await using good = startOrigin(honest(image));
  const limits = { slowWindowMs: 150, joinMs: 60_000, hedgeMs: 60_000 };
  const report = await fetchFrom(image, [drip, good], directory.path, { limits });
  assert.deepEqual(report.dropped.map(({ name }) => name), [drip.url]);
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
});

Deno.test("where the only provider is silent, it is asked again, then given up", async () => {
  await using directory = await tempDirectory();
  await using silent = startOrigin(withRootfs(image, silentAfter(10)));
  await assert.rejects(
    fetchFrom(image, [silent], directory.path, { limits: { slowWindowMs: 50, tries: 3 } }),
    (thrown: unknown) =>
      thrown instanceof PlasmdError && thrown.code === "transfer" &&
      /fell silent/.test(thrown.message),
  );
  assert.equal(silent.requests.filter(({ path }) => path === "/rootfs").length, 3);
});

Deno.test("a slow provider is helped by another one", async () => {
  await using directory = await tempDirectory();
  await using first = startOrigin(withRootfs(image, slow));
  await using second = startOrigin(withRootfs(image, slow));
  const report = await fetchFrom(image, [first, second], directory.path, {
    artifacts: ["rootfs"],
    limits: { hedgeMs: 60_000 },
  });
  assert.deepEqual(report.providers.map(({ name }) => name), [first.url, second.url]);
  assert.deepEqual(report.dropped, []);
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
});

Deno.test("a rate of ours makes nobody slow", async () => {
  await using directory = await tempDirectory();
  await using origin = startOrigin(honest(image));
  await using other = startOrigin(honest(image));
  const report = await fetchFrom(image, [origin, other], directory.path, {
    artifacts: ["kernel"],
    limitRate: 2000,
    limits: { slowWindowMs: 300, hedgeMs: 300 },
  });
  assert.deepEqual(report.dropped, []);
  assert.equal(other.connections(), 0);
});

Deno.test("one good provider of three is enough: one lies, one is silent", async () => {
  await using directory = await tempDirectory();
  await using liar = startOrigin(
    withRootfs(
      image,
      (request) => rangeReply(request, image.rootfs, (bytes) => (bytes[0]! ^= 1, bytes)),
    ),
  );
  await using silent = startOrigin(withRootfs(image, silentAfter(2 * chunkBytes)));
  await using good = startOrigin(withRootfs(image, slow));
  const report = await fetchFrom(image, [liar, silent, good], directory.path);
  assert.deepEqual(await Deno.readFile(directory.join("rootfs")), image.rootfs);
  assert.ok(report.dropped.some(({ name }) => name === liar.url));
});
