import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { fakeCatalog, fakeSnapshot, memoryArtifact } from "../support/fake_catalog.ts";
import { parseAnswer, requestText, sendRaw, startTestServer } from "../support/http.ts";

const kernel = memoryArtifact("kernel", new TextEncoder().encode("the kernel's bytes"));
const catalog = fakeCatalog([fakeSnapshot([kernel])]);
// Refused connections linger for so long; a test waits for them.
const limits = { lingerMs: 300 };

Deno.test("traversal in every encoding is 404 or 400 and serves nothing", async () => {
  await using server = await startTestServer({ catalog, limits });
  for (
    const target of [
      "/../../etc/passwd",
      "/..%2f..%2fetc%2fpasswd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "//etc/passwd",
      "/%252e%252e/etc/passwd",
      "/%c0%ae%c0%ae/etc/passwd",
      "/..%5c..%5cetc",
      "/..\\..\\etc",
      "/....//etc/passwd",
      "/stable/arm64/../../etc/passwd",
      "/stable/arm64/%2e%2e",
      "/%00",
      "/kernel%00.txt",
      "/kernel/../kernel",
      "/.%2e/kernel",
      "/blobs/sha256/..%2f..%2fetc%2fpasswd",
      "\\..\\..\\etc\\passwd",
      "../etc/passwd",
      "file:///etc/passwd",
      "http://x/../etc/passwd",
    ]
  ) {
    const { status, headers } = await sendRaw(server.port, requestText(target));
    ok(status === 404 || status === 400, `${target}: ${status}`);
    equal(headers["content-type"], "application/problem+json", target);
  }
});

Deno.test("a header of 1 MB is 431, a target of 100 kB is 414", async () => {
  await using server = await startTestServer({ catalog, limits });
  const header = requestText("/kernel", { headers: `X: ${"a".repeat(1 << 20)}\r\n` });
  equal((await sendRaw(server.port, header)).status, 431);
  equal((await sendRaw(server.port, requestText(`/${"a".repeat(100_000)}`))).status, 414);
  equal((await sendRaw(server.port, requestText(`/kernel?${"a".repeat(3000)}`))).status, 414);
  const many = requestText("/kernel", { headers: "X: a\r\n".repeat(150) });
  equal((await sendRaw(server.port, many)).status, 431);
});

Deno.test("a method that nobody knows is 405 with those that there are", async () => {
  await using server = await startTestServer({ catalog, limits });
  for (const method of ["BREW", "PROPFIND", "POST", "DELETE", "OPTIONS", "TRACE", "get", "X-Y"]) {
    const { status, headers } = await sendRaw(server.port, requestText("/kernel", { method }));
    deepEqual([status, headers.allow], [405, "GET, HEAD"], method);
  }
  const tunnel = "CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n";
  equal((await sendRaw(server.port, tunnel)).status, 405);
  equal((await sendRaw(server.port, requestText("*", { method: "OPTIONS" }))).status, 405);
});

Deno.test("HTTP/1.0 is answered and closed", async () => {
  await using server = await startTestServer({ catalog, limits });
  const { status, headers, body } = await sendRaw(server.port, "GET /kernel HTTP/1.0\r\n\r\n");
  deepEqual([status, headers.connection, body.length], [200, "close", kernel.size]);
  const ranged = "GET /kernel HTTP/1.0\r\nRange: bytes=0-2\r\n\r\n";
  equal((await sendRaw(server.port, ranged)).status, 206);
});

Deno.test("other versions are 505 or 400", async () => {
  await using server = await startTestServer({ catalog, limits });
  for (
    const first of [
      "GET /kernel HTTP/2.0",
      "GET /kernel HTTP/3.7",
      "GET /kernel",
      "GET /kernel HTTP/1.2",
    ]
  ) {
    const { status, body } = await sendRaw(server.port, `${first}\r\nHost: x\r\n\r\n`);
    ok(status === 505 || status === 400, `${first}: ${status}`);
    ok(!new TextDecoder().decode(body).includes("kernel's"));
  }
});

Deno.test("bytes that are no HTTP are 400 without a stack trace", async () => {
  await using server = await startTestServer({
    catalog,
    limits: { ...limits, headersMs: 300, timeoutCheckMs: 50 },
  });
  for (
    const data of [
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
      "GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /kernel HTTP/1.1\nHost: x\n\n\n",
      "GET /kernel HTTP/1.1\r\nHost : x\r\n\r\n",
      "GET /kernel HTTP/1.1\r\nHost: x\r\nX: a\r\n folded\r\n\r\n",
      "\r\n\r\n\x00\x00",
      "   ",

      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00",
    ]
  ) {
    const { status, text } = await sendRaw(server.port, data);
    ok([400, 405, 408, 505].includes(status), `${JSON.stringify(data)}: ${status}`);
    ok(!/\bat .*\.ts|Error:/.test(text), text);
  }
});

Deno.test("HTTP/1.1 needs exactly one Host", async () => {
  await using server = await startTestServer({ catalog, limits });
  for (const hosts of ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nhost: a\r\n"]) {
    const data = `GET /kernel HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`;
    equal((await sendRaw(server.port, data)).status, 400, hosts);
  }
});

Deno.test("what asks for another protocol is answered in this one", async () => {
  await using server = await startTestServer({ catalog, limits });
  const headers = "Upgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n";
  equal((await sendRaw(server.port, requestText("/kernel", { headers }))).status, 200);
});

Deno.test("X-Forwarded-For and Host change nothing", async () => {
  await using server = await startTestServer({ catalog, limits });
  const headers =
    "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\nForwarded: for=x\r\n";
  const { status, text } = await sendRaw(server.port, requestText("/status", { headers }));
  equal(status, 200);
  ok(!text.includes("evil.example"));
});

Deno.test("requests sent ahead are answered in their order, one at a time", async () => {
  await using server = await startTestServer({ catalog, limits });
  const one = (range: string) => `GET /kernel HTTP/1.1\r\nHost: x\r\nRange: bytes=${range}\r\n\r\n`;
  const last = requestText("/kernel", { headers: "Range: bytes=8-9\r\n" });
  const { text } = await sendRaw(server.port, one("0-1") + one("4-5") + last);
  const ranges = [...text.matchAll(/Content-Range: bytes (\d)/g)].map(([, start]) => start);
  deepEqual(ranges, ["0", "4", "8"]);
});

Deno.test("a flood of requests sent ahead is cut", async () => {
  await using server = await startTestServer({ catalog, limits: { ...limits, pipelined: 4 } });
  const flood = "GET /kernel HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500);
  const { text } = await sendRaw(server.port, flood);
  ok([...text.matchAll(/HTTP\/1\.1 200/g)].length < 500);
  equal((await sendRaw(server.port, requestText("/kernel"))).status, 200);
});

Deno.test("whatever a client sends, the server goes on", async () => {
  await using server = await startTestServer({
    catalog,
    limits: { ...limits, headersMs: 300, timeoutCheckMs: 50, lingerMs: 50 },
  });
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 });
  const shaped = fc.string({ unit: "binary", maxLength: 60 }).map((text) =>
    new TextEncoder().encode(requestText("/kernel", { headers: `Range: ${text}\r\n` }))
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, shaped), async (data) => {
      const end = new TextEncoder().encode("\r\n\r\n");
      const { status } = await sendRaw(server.port, new Uint8Array([...data, ...end]));
      ok(status === 0 || status >= 200, String(status));
    }),
    { numRuns: 60 },
  );
  equal((await sendRaw(server.port, requestText("/kernel"))).status, 200);
  equal(parseAnswer(new Uint8Array()).status, 0);
});

Deno.test("1,000 ranges in one request are one answer with the whole, at no other cost", async () => {
  const bytes = new Uint8Array(100_000).map((_, i) => i >> 3);
  const many = fakeCatalog([fakeSnapshot([memoryArtifact("rootfs", bytes)])]);
  await using server = await startTestServer({ catalog: many });
  const ranges = {
    apart: Array.from({ length: 1000 }, (_, i) => `${i * 9}-${i * 9 + 1}`).join(),
    same: new Array(1000).fill("0-").join(),
    backwards: new Array(1000).fill("-9").join(),
  };
  for (const [name, list] of Object.entries(ranges)) {
    const headers = `Range: bytes=${list}\r\n`;
    const { status, body } = await sendRaw(server.port, requestText("/rootfs", { headers }));
    equal(status, 200, name);
    equal(body.length, bytes.length, name);
  }
});
