import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { systemDeps } from "../../src/lib/deps.ts";
import { fetchHealth, fetchStatus, providerOrigin } from "../../src/node/provider_client.ts";
import { emptyCatalog } from "../support/fake_catalog.ts";
import { fakeStatus, startTestServer } from "../support/http.ts";

const deps = systemDeps();
const ask = (address: string, timeoutMs = 2000, signal = new AbortController().signal) =>
  fetchStatus({ address, signal, timeoutMs }, deps);

Deno.test("status and health of a running provider are read, an unhealthy one's too", async () => {
  const health = () => Promise.resolve({ status: "unhealthy", checks: { a: false } } as const);
  await using server = await startTestServer({ catalog: emptyCatalog, health });
  const query = { address: `127.0.0.1:${server.port}`, signal: new AbortController().signal };
  deepEqual(await fetchStatus(query, deps), fakeStatus);
  deepEqual(await fetchHealth(query, deps), await health());
});

Deno.test("an address is a URL or host and port", () => {
  equal(providerOrigin("127.0.0.1:9000"), "http://127.0.0.1:9000");
  equal(providerOrigin("boot.example"), "http://boot.example");
  equal(providerOrigin("[2001:db8::7]:8080"), "http://[2001:db8::7]:8080");
  equal(providerOrigin("https://boot.example/"), "https://boot.example");
  for (
    const bad of [
      "",
      "http://",
      "ftp://x",
      "a b",
      "x:99999",
      "http://u:p@x",
      "http://x/path",
      "http://x?q",
      "2001:db8::7",
    ]
  ) {
    throws(() => providerOrigin(bad), { code: "usage" }, bad);
  }
});

Deno.test("nobody there, or nobody who answers in time, is unreachable", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  const pending = listener.accept();
  await rejects(ask(address, 100), (error: { code: string; message: string; hint: string }) => {
    equal(error.code, "unreachable");
    match(error.message, /did not answer within 100 ms/);
    match(error.hint, /plasmd serve/);
    return true;
  });
  (await pending).close();
  listener.close();
  await rejects(ask(address), { code: "unreachable" });
});

Deno.test("a command that is stopped says so, not that nobody answered", async () => {
  const stop = new AbortController();
  stop.abort(new Error("stopped"));
  await rejects(ask("127.0.0.1:1", 1000, stop.signal), /stopped/);
});

for (
  const [what, handler] of Object.entries({
    "endless": () =>
      new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1 << 16)) })),
    "no JSON": () => new Response("<html>"),
    "other JSON": () => Response.json({ hello: "world" }),
    "a redirect": () => new Response(null, { status: 302, headers: { Location: "http://x/" } }),
    "an error": () => new Response("no", { status: 500 }),
    "bytes that are no text": () => new Response(new Uint8Array([0xff, 0xfe])),
  })
) {
  Deno.test(`who answers with ${what} is no provider`, async () => {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    await using server = Deno.serve(options, handler);
    await rejects(ask(`127.0.0.1:${server.addr.port}`), { code: "bad_source" });
  });
}
