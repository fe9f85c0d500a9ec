import assert from "node:assert/strict";
import { PlasmdError } from "../../src/lib/errors.ts";
import { httpGet, type HttpResponse, parseUrl } from "../../src/transfer/http_client.ts";
import { type Behave, startOrigin } from "../support/fake_origin.ts";
import { quickDeps, quickLimits } from "../support/quick.ts";

function get(url: string, changes: Partial<typeof quickLimits> = {}, signal?: AbortSignal) {
  const limits = { ...quickLimits, ...changes };
  const options = { limits, signal: signal ?? new AbortController().signal };
  return httpGet(new URL(url), options, quickDeps);
}

async function text(response: HttpResponse): Promise<string> {
  const parts: number[] = [];
  const buffer = new Uint8Array(100);
  for (let read = await response.read(buffer); read !== null; read = await response.read(buffer)) {
    parts.push(...buffer.subarray(0, read));
  }
  return new TextDecoder().decode(Uint8Array.from(parts));
}

const fails = (code: string, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof PlasmdError, String(thrown));
  assert.equal(thrown.code, code);
  assert.match(thrown.message, message);
  return true;
};

const hello: Behave = () => ({ body: new TextEncoder().encode("hello") });

Deno.test("a plain answer is read", async () => {
  await using origin = startOrigin(hello);
  using response = await get(`${origin.url}/a?b=c`);
  assert.equal(response.status, 200);
  assert.equal(await text(response), "hello");
  const [request] = origin.requests;
  assert.equal(request!.path, "/a?b=c");
  assert.equal(request!.headers.get("host"), new URL(origin.url).host);
  assert.equal(request!.headers.get("accept-encoding"), "identity");
});

Deno.test("a chunked answer is read", async () => {
  const raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  await using origin = startOrigin(() => ({ raw }));
  using response = await get(origin.url);
  assert.equal(await text(response), "hello");
});

Deno.test("interim answers are passed over, but not for ever", async () => {
  const interim = "HTTP/1.1 100 Continue\r\n\r\n";
  const final = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  await using origin = startOrigin(() => ({ raw: interim + final }));
  using response = await get(origin.url);
  assert.equal(await text(response), "ok");
  await using endless = startOrigin(() => ({ raw: interim.repeat(100) }));
  await assert.rejects(get(endless.url), fails("bad_source", /interim/));
});

for (const status of [301, 302, 303, 307, 308]) {
  Deno.test(`a redirect (${status}) is refused, and nobody asks where it leads`, async () => {
    await using canary = startOrigin(hello);
    const headers = { Location: `${canary.url}/secret` };
    await using origin = startOrigin(() => ({ status, headers }));
    await assert.rejects(get(origin.url), fails("bad_source", /redirect/));
    assert.equal(canary.connections(), 0);
  });
}

for (const encoding of ["gzip", "br", "deflate", "identity, gzip"]) {
  Deno.test(`an answer encoded with ${encoding} is refused`, async () => {
    await using origin = startOrigin(() => ({ headers: { "Content-Encoding": encoding } }));
    await assert.rejects(get(origin.url), fails("bad_source", /encoded/));
  });
}

Deno.test("an answer that says it is encoded as it is, is taken", async () => {
  await using origin = startOrigin(() => ({ headers: { "Content-Encoding": "identity" } }));
  using response = await get(origin.url);
  assert.equal(response.status, 200);
});

Deno.test("a provider that never answers is given up", async () => {
  const never: Behave = (_, { closed }) => ({ body: silence(closed), raw: undefined, headers: {} });
  await using origin = startOrigin((request, self) => {
    const reply = never(request, self);
    return { ...reply, status: 100 };
  });
  await assert.rejects(get(origin.url, { connectMs: 80 }), fails("unreachable", /did not answer/));
});

async function* silence(closed: Promise<void>) {
  await closed;
  yield new Uint8Array();
}

Deno.test("nobody at the address is unreachable", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  await assert.rejects(
    get(`http://127.0.0.1:${port}`),
    fails("unreachable", /^cannot be reached: Connection refused$/),
  );
});

Deno.test("a server that doesn't speak TLS can't be reached by https", async () => {
  await using origin = startOrigin(hello);
  await assert.rejects(
    get(origin.url.replace("http:", "https:"), { connectMs: 100 }),
    fails("unreachable", /cannot be reached|did not answer/),
  );
});

Deno.test("a server that doesn't speak HTTP is a bad source", async () => {
  await using origin = startOrigin(() => ({ raw: "220 mail.example ESMTP\r\n\r\n" }));
  await assert.rejects(get(origin.url), fails("bad_source", /not HTTP/));
});

Deno.test("endless headers are refused", async () => {
  const raw = `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(10_000)}`;
  await using origin = startOrigin(() => ({ raw }));
  await assert.rejects(get(origin.url), fails("bad_source", /more than 16384 bytes/));
});

Deno.test("a signal ends the wait for an answer, and for a body", async () => {
  await using origin = startOrigin((_, { closed }) => ({
    headers: { "Content-Length": 10 },
    body: silence(closed),
  }));
  const stop = new AbortController();
  using response = await get(origin.url, {}, stop.signal);
  const reading = response.read(new Uint8Array(10));
  stop.abort(new PlasmdError("cancelled", "Stopped"));
  await assert.rejects(reading, fails("cancelled", /Stopped/));
  await assert.rejects(get(origin.url, {}, stop.signal), fails("cancelled", /Stopped/));
});

Deno.test("a body may take longer than an answer may", async () => {
  async function* slow() {
    for (const part of ["one ", "two ", "three"]) {
      await quickDeps.clock.sleep(40);
      yield new TextEncoder().encode(part);
    }
  }
  await using origin = startOrigin(() => ({ body: slow() }));
  using response = await get(origin.url, { connectMs: 100 });
  assert.equal(await text(response), "one two three");
});

Deno.test("URLs are http or https, without a password", () => {
  assert.equal(parseUrl("http://[::1]:8080/x#y").href, "http://[::1]:8080/x");
  for (
    const url of ["", "x", "//host", "file:///etc/passwd", "ftp://h/", "http://u:p@h/", "http://"]
  ) {
    assert.throws(() => parseUrl(url), fails("usage", /Invalid URL/));
  }
});
