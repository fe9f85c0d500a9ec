import assert from "node:assert/strict";
import { flippingProxy, silentProxy } from "./proxies.ts";

const bytes = new Uint8Array(64 * 1024).map((_, i) => i % 251);

/** A server of the bytes above at every path, with ranges. */
function honestServer(): { origin: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
    if (range === null) return new Response(bytes);
    const [start, end] = [Number(range[1]), Number(range[2])];
    return new Response(bytes.slice(start, end + 1), {
      status: 206,
      headers: { "content-range": `bytes ${start}-${end}/${bytes.length}` },
    });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Where two byte strings differ. */
function differences(a: Uint8Array, b: Uint8Array): number[] {
  return [...a.keys()].filter((i) => a[i] !== b[i]);
}

Deno.test("the flipping proxy changes one byte in each chunk, ranges included", async () => {
  await using server = honestServer();
  await using proxy = flippingProxy(server.origin, 16 * 1024);
  const whole = await (await fetch(`${proxy.origin}/rootfs`)).bytes();
  const places = [4321, 4321 + 16_384, 4321 + 32_768, 4321 + 49_152];
  assert.deepEqual(differences(whole, bytes), places);
  const part = await fetch(`${proxy.origin}/rootfs`, { headers: { range: "bytes=16384-32767" } });
  assert.equal(part.status, 206);
  assert.deepEqual(differences(await part.bytes(), bytes.subarray(16_384, 32_768)), [4321]);
  assert.equal(proxy.requests(), 2);
});

Deno.test("the proxies pass manifests on unchanged", async () => {
  await using server = honestServer();
  await using proxy = flippingProxy(server.origin, 16 * 1024);
  const manifest = await (await fetch(`${proxy.origin}/manifest.json`)).bytes();
  assert.deepEqual(differences(manifest, bytes), []);
  assert.equal(proxy.requests(), 0);
});

Deno.test("the silent proxy sends so many bytes and no more, in all its answers", async () => {
  await using server = honestServer();
  await using proxy = silentProxy(server.origin, 20_000);
  const stop = new AbortController();
  const answer = await fetch(`${proxy.origin}/rootfs`, { signal: stop.signal });
  const reader = answer.body!.getReader();
  let got = 0;
  while (got < 20_000) got += (await reader.read()).value!.length;
  assert.equal(got, 20_000);
  let more = false;
  const next = reader.read().then(() => more = true, () => {});
  const second = await fetch(`${proxy.origin}/kernel`, { signal: stop.signal });
  const nothing = second.body!.getReader().read().then(() => more = true, () => {});
  // Two whole answers of the honest server are time enough for a byte to get through.
  for (let i = 0; i < 2; i++) await (await fetch(`${server.origin}/rootfs`)).bytes();
  assert.equal(more, false);
  stop.abort();
  await Promise.all([next, nothing]);
});
