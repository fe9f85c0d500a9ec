import { deepEqual, equal } from "node:assert/strict";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { fakeCatalog, fakeSnapshot } from "../support/fake_catalog.ts";
import { requestText, sendRaw, startTestServer } from "../support/http.ts";

const stable = fakeSnapshot([]);
const testing = fakeSnapshot([], { channel: "testing", arch: "x86_64" });
const catalog = fakeCatalog([stable, testing]);

Deno.test("a manifest comes byte for byte, to be asked for again each time", async () => {
  await using server = await startTestServer({ catalog });
  const { status, headers, body } = await sendRaw(server.port, requestText("/manifest.json"));
  equal(status, 200);
  deepEqual(body, stable.manifest.bytes);
  equal(headers["content-type"], "application/json");
  equal(headers["cache-control"], "no-cache, no-transform");
  equal(headers["content-length"], String(stable.manifest.bytes.length));
  equal(headers.etag, `"${sha256Hex(stable.manifest.bytes)}"`);
  equal(headers["x-content-sha256"], sha256Hex(stable.manifest.bytes));
});

Deno.test("a client that has it gets 304", async () => {
  await using server = await startTestServer({ catalog });
  const { headers: { etag } } = await sendRaw(server.port, requestText("/manifest.json"));
  const again = requestText("/manifest.json", { headers: `If-None-Match: ${etag}\r\n` });
  const { status, body } = await sendRaw(server.port, again);
  deepEqual([status, body.length], [304, 0]);
  const other = requestText("/testing/x86_64/manifest.json", { headers: `If-Match: ${etag}\r\n` });
  equal((await sendRaw(server.port, other)).status, 412);
});

Deno.test("path and query choose the manifest", async () => {
  await using server = await startTestServer({ catalog });
  for (
    const target of [
      "/testing/x86_64/manifest.json",
      "/testing/amd64/manifest.json",
      "/manifest.json?channel=testing&arch=amd64",
    ]
  ) deepEqual((await sendRaw(server.port, requestText(target))).body, testing.manifest.bytes);
  equal((await sendRaw(server.port, requestText("/testing/arm64/manifest.json"))).status, 404);
});

Deno.test("HEAD tells the length and sends nothing", async () => {
  await using server = await startTestServer({ catalog });
  const { headers, body } = await sendRaw(
    server.port,
    requestText("/manifest.json", { method: "HEAD" }),
  );
  equal(headers["content-length"], String(stable.manifest.bytes.length));
  equal(body.length, 0);
});
