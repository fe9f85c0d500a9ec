import { deepEqual, equal, ok } from "node:assert/strict";
import { sha256 } from "../../src/lib/bytes.ts";
import {
  changedArtifact,
  emptyCatalog,
  fakeCatalog,
  fakeModified,
  fakeSnapshot,
  memoryArtifact,
  patternBytes,
} from "../support/fake_catalog.ts";
import { requestText, sendRaw, startTestServer } from "../support/http.ts";

const bytes = patternBytes(1_500_000);
const kernel = memoryArtifact("kernel", bytes);
const other = memoryArtifact("kernel", patternBytes(10).map((byte) => byte ^ 255));
const catalog = fakeCatalog([
  fakeSnapshot([kernel]),
  fakeSnapshot([other], { channel: "testing", arch: "x86_64" }),
]);

Deno.test("an artifact comes whole, with all that describes it", async () => {
  await using server = await startTestServer({ catalog });
  const { status, headers, body } = await sendRaw(server.port, requestText("/kernel"));
  equal(status, 200);
  deepEqual(body, bytes);
  const { date: _, ...rest } = headers;
  deepEqual(rest, {
    "x-content-type-options": "nosniff",
    "etag": `"${kernel.digest}"`,
    "last-modified": new Date(fakeModified).toUTCString(),
    "cache-control": "no-cache, no-transform",
    "accept-ranges": "bytes",
    "x-content-sha256": kernel.digest,
    "repr-digest": `sha-256=:${sha256(bytes).toBase64()}:`,
    "content-type": "application/octet-stream",
    "content-length": "1500000",
    "connection": "close",
  });
});

Deno.test("HEAD has the same headers and no body, and ignores a range", async () => {
  await using server = await startTestServer({ catalog });
  const text = requestText("/kernel", { method: "HEAD", headers: "Range: bytes=0-9\r\n" });
  const { status, headers, body } = await sendRaw(server.port, text);
  deepEqual([status, headers["content-length"], body.length], [200, "1500000", 0]);
  equal(headers["content-range"], undefined);
});

Deno.test("a range is exactly those bytes", async () => {
  await using server = await startTestServer({ catalog });
  for (
    const [range, start, end] of [
      ["bytes=0-0", 0, 1],
      ["bytes=1000-1099999", 1000, 1_100_000],
      ["bytes=-7", 1_499_993, 1_500_000],
      ["bytes=524287-99999999999", 524_287, 1_500_000],
    ] as const
  ) {
    const text = requestText("/kernel", { headers: `Range: ${range}\r\n` });
    const { status, headers, body } = await sendRaw(server.port, text);
    equal(status, 206, range);
    equal(headers["content-range"], `bytes ${start}-${end - 1}/1500000`);
    equal(headers["content-length"], String(end - start));
    deepEqual(body, bytes.slice(start, end));
  }
});

Deno.test("a range past the end is refused with the size, odd ones are ignored", async () => {
  await using server = await startTestServer({ catalog });
  const ask = (range: string) =>
    sendRaw(server.port, requestText("/kernel", { headers: `Range: ${range}\r\n` }));
  for (const range of ["bytes=1500000-", "bytes=-0", `bytes=${"9".repeat(300)}-`]) {
    const { status, headers, text } = await ask(range);
    equal(status, 416, range);
    equal(headers["content-range"], "bytes */1500000");
    ok(text.includes('"code":"range"'));
  }
  for (const range of ["bytes=9-1", "bytes=0-1,5-6", "lines=1-2", "bytes=-1-5", "bytes=a-"]) {
    const { status, body } = await ask(range);
    deepEqual([status, body.length], [200, bytes.length], range);
  }
  const twice = await sendRaw(
    server.port,
    requestText("/kernel", { headers: "Range: bytes=0-1\r\nRange: bytes=5-6\r\n" }),
  );
  equal(twice.status, 200);
});

Deno.test("conditions: 304 without a body, 412, and If-Range", async () => {
  await using server = await startTestServer({ catalog });
  const tag = `"${kernel.digest}"`;
  const ask = (headers: string) => sendRaw(server.port, requestText("/kernel", { headers }));
  const same = await ask(`If-None-Match: ${tag}\r\nRange: bytes=0-1\r\n`);
  deepEqual([same.status, same.body.length, same.headers.etag], [304, 0, tag]);
  equal(same.headers["content-length"], undefined);
  equal((await ask(`If-Match: "other"\r\n`)).status, 412);
  equal((await ask(`If-Range: ${tag}\r\nRange: bytes=0-1\r\n`)).status, 206);
  equal((await ask(`If-Range: "other"\r\nRange: bytes=0-1\r\n`)).status, 200);
});

Deno.test("channel and arch are chosen by path or query, aliases included", async () => {
  await using server = await startTestServer({ catalog });
  for (
    const target of [
      "/testing/x86_64/kernel",
      "/testing/amd64/kernel",
      "/kernel?channel=testing&arch=x86_64",
      "/kernel?arch=amd64&channel=testing",
      "/kernel?cache=busted&channel=testing&arch=amd64&&x",
      "http://anything.example/testing/x86_64/kernel",
    ]
  ) {
    const { status, headers } = await sendRaw(server.port, requestText(target));
    deepEqual([status, headers["x-content-sha256"]], [200, other.digest], target);
  }
  for (
    const target of ["/stable/aarch64/kernel", "/kernel?arch=aarch64", "/kernel?channel=stable"]
  ) {
    const { headers } = await sendRaw(server.port, requestText(target));
    equal(headers["x-content-sha256"], kernel.digest, target);
  }
});

Deno.test("what isn't served is 404, a query that makes no sense is 400", async () => {
  await using server = await startTestServer({ catalog });
  const status = async (target: string) => (await sendRaw(server.port, requestText(target))).status;
  for (
    const target of [
      "/rootfs",
      "/stable/x86_64/kernel",
      "/nightly/arm64/kernel",
      "/stable/mips/kernel",
      "/stable/arm64/vmlinuz",
      "/kernel?channel=nightly",
      "/STABLE/arm64/kernel",
      "/stable/arm64/__proto__",
      "/__proto__/arm64/kernel",
      "/stable/constructor/kernel",
    ]
  ) equal(await status(target), 404, target);
  for (
    const target of [
      "/kernel?arch=mips",
      "/kernel?channel=",
      "/kernel?channel=../etc",
      "/kernel?channel=%73table",
      "/kernel?channel=stable&channel=testing",
      "/kernel?arch",
      "/kernel?channel=stable#x",
    ]
  ) equal(await status(target), 400, target);
});

Deno.test("a blob is found by its digest and may be kept for ever", async () => {
  await using server = await startTestServer({ catalog });
  const found = await sendRaw(server.port, requestText(`/blobs/sha256/${kernel.digest}`));
  equal(found.status, 200);
  equal(found.headers["cache-control"], "public, max-age=31536000, immutable, no-transform");
  for (const digest of ["0".repeat(64), kernel.digest.toUpperCase(), "0", "0".repeat(63) + "g"]) {
    equal((await sendRaw(server.port, requestText(`/blobs/sha256/${digest}`))).status, 404, digest);
  }
});

Deno.test("before the first snapshot everything is 503 and says when to come back", async () => {
  await using server = await startTestServer({ catalog: emptyCatalog });
  const blob = `/blobs/sha256/${"0".repeat(64)}`;
  for (const target of ["/manifest.json", "/kernel", "/stable/arm64/kernel", blob]) {
    const { status, headers, text } = await sendRaw(server.port, requestText(target));
    deepEqual([status, headers["retry-after"]], [503, "2"], target);
    ok(text.includes('"code":"not_ready"'));
  }
});

Deno.test("a file that changed before it is served is 503, not a short answer", async () => {
  const changed = fakeCatalog([fakeSnapshot([changedArtifact(kernel)])]);
  await using server = await startTestServer({ catalog: changed });
  const { status, text } = await sendRaw(server.port, requestText("/kernel"));
  equal(status, 503);
  ok(text.includes('"code":"changed"'));
});

Deno.test("an artifact is held while it is served and let go after", async () => {
  await using server = await startTestServer({ catalog });
  await sendRaw(server.port, requestText("/kernel"));
  await sendRaw(server.port, requestText("/kernel", { headers: "Range: bytes=-0\r\n" }));
  await server.drain();
  equal(kernel.held(), 0);
});
