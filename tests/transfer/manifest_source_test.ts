import assert from "node:assert/strict";
import { PlasmdError } from "../../src/lib/errors.ts";
import { fetchManifest, manifestUrl } from "../../src/transfer/manifest_source.ts";
import { startOrigin } from "../support/fake_origin.ts";
import { quickDeps, quickLimits } from "../support/quick.ts";

const body = new TextEncoder().encode("{}");

function take(url: string, signal = new AbortController().signal) {
  return fetchManifest(new URL(url), { limits: quickLimits, signal }, quickDeps);
}

const fails = (code: string, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof PlasmdError, String(thrown));
  assert.equal(thrown.code, code);
  assert.match(thrown.message, message);
  return true;
};

Deno.test("a provider's manifest has a usual place", () => {
  const of = (url: string, named?: { channel: string; arch: string }) =>
    manifestUrl(new URL(url), named).href;
  assert.equal(of("http://h:8080"), "http://h:8080/manifest.json");
  assert.equal(of("http://h/", { channel: "a", arch: "arm64" }), "http://h/a/arm64/manifest.json");
  assert.equal(of("http://h/m.json"), "http://h/m.json");
  assert.equal(of("http://h/a/arm64/"), "http://h/a/arm64/manifest.json");
  assert.equal(of("http://h/a/arm64/manifest.json?x=1"), "http://h/a/arm64/manifest.json?x=1");
});

Deno.test("the bytes come with where they came from", async () => {
  await using origin = startOrigin(() => ({ body }));
  const taken = await take(`${origin.url}/manifest.json`);
  assert.deepEqual(taken.bytes, body);
  assert.equal(taken.origin, origin.url);
});

Deno.test("a manifest of 2 MiB is refused, whatever its length says", async () => {
  await using honest = startOrigin(() => ({ body: new Uint8Array(2 * 1024 * 1024) }));
  await assert.rejects(take(honest.url), fails("malformed", /more than 1 MiB/));
});

Deno.test("an endless manifest is refused", async () => {
  async function* endless() {
    while (true) yield await Promise.resolve(new Uint8Array(64 * 1024));
  }
  await using origin = startOrigin(() => ({ body: endless() }));
  await assert.rejects(take(origin.url), fails("malformed", /more than 1 MiB/));
});

Deno.test("a manifest that comes a byte at a time is given up", async () => {
  async function* drip() {
    while (true) {
      yield new Uint8Array([32]);
      await quickDeps.clock.sleep(20);
    }
  }
  let asked = 0;
  await using origin = startOrigin(() => (asked++, { body: drip() }));
  const stop = AbortSignal.any([]);
  const limits = { ...quickLimits, manifestMs: 100, tries: 2 };
  await assert.rejects(
    fetchManifest(new URL(origin.url), { limits, signal: stop }, quickDeps),
    fails("unreachable", /did not send its manifest within 100 ms/),
  );
  assert.equal(asked, 2);
});

Deno.test("a provider that is not ready is asked again", async () => {
  await using origin = startOrigin(({ number }) =>
    number < 2 ? { status: 503, headers: { "Retry-After": "0" } } : { body }
  );
  assert.deepEqual((await take(origin.url)).bytes, body);
  assert.equal(origin.requests.length, 3);
});

Deno.test("a provider that closes in the middle is asked again, then given up", async () => {
  await using origin = startOrigin(() => ({ headers: { "Content-Length": 100 }, body }));
  await assert.rejects(take(origin.url), fails("unreachable", /closed/));
  assert.equal(origin.requests.length, quickLimits.tries);
});

Deno.test("a provider that has none is not asked again", async () => {
  await using origin = startOrigin(() => ({ status: 404 }));
  await assert.rejects(take(origin.url), fails("bad_source", /404/));
  assert.equal(origin.requests.length, 1);
});

Deno.test("stopping ends the wait for another try", async () => {
  const stop = new AbortController();
  await using origin = startOrigin(() => ({ status: 503, headers: { "Retry-After": "30" } }));
  const taking = take(origin.url, stop.signal);
  while (origin.requests.length === 0) await quickDeps.clock.sleep(5);
  stop.abort(new PlasmdError("cancelled", "Stopped"));
  await assert.rejects(taking, fails("cancelled", /Stopped/));
});
