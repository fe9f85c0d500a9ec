import { equal, ok } from "node:assert/strict";
import { memoryMeter } from "../../src/lib/meter.ts";
import {
  fakeCatalog,
  fakeSnapshot,
  memoryArtifact,
  patternBytes,
} from "../support/fake_catalog.ts";
import {
  connectAndSend,
  failuresOf,
  parseAnswer,
  readAll,
  requestText,
  sendRaw,
  startTestServer,
} from "../support/http.ts";

const rootfs = memoryArtifact("rootfs", patternBytes(32 * 1024 * 1024));
const catalog = fakeCatalog([fakeSnapshot([rootfs])]);
const limits = {
  headersMs: 200,
  requestMs: 400,
  keepAliveMs: 200,
  timeoutCheckMs: 50,
  stalledMs: 300,
  lingerMs: 100,
};

Deno.test("headers that don't arrive in time are 408", async () => {
  await using server = await startTestServer({ catalog, limits });
  const { status, text } = await sendRaw(server.port, "GET /rootfs HTTP/1.1\r\nHost: x\r\n");
  equal(status, 408);
  ok(text.includes('"code":"timeout"'));
});

Deno.test("headers that trickle don't hold a connection", async () => {
  await using server = await startTestServer({ catalog, limits });
  using connection = await connectAndSend(server.port, "GET /rootfs HTTP/1.1\r\nHost: x\r\n");
  const answer = readAll(connection);
  let ended = false;
  answer.then(() => ended = true);
  const line = new TextEncoder().encode("X: a\r\n");
  const start = performance.now();
  while (!ended && performance.now() - start < 5000) {
    await connection.write(line).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  equal(parseAnswer(await answer).status, 408);
  ok(performance.now() - start < 3000);
});

Deno.test("a connection on which nothing is asked is closed without a word", async () => {
  await using server = await startTestServer({ catalog, limits });
  equal((await sendRaw(server.port, "")).text, "");
});

Deno.test("a connection that is idle after an answer is closed", async () => {
  await using server = await startTestServer({ catalog, limits });
  const { status } = await sendRaw(server.port, "HEAD /rootfs HTTP/1.1\r\nHost: x\r\n\r\n");
  equal(status, 200);
});

Deno.test("a body that doesn't come is cut", async () => {
  await using server = await startTestServer({ catalog, limits });
  const data = "POST /rootfs HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n1";
  ok([0, 408].includes((await sendRaw(server.port, data)).status));
});

Deno.test("a reader that stalls is cut, and gives back what it held", async () => {
  const meter = memoryMeter();
  await using server = await startTestServer({ catalog, limits, deps: { meter } });
  using connection = await connectAndSend(server.port, requestText("/rootfs"));
  const start = performance.now();
  while (server.connections() > 0 && performance.now() - start < 5000) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  equal(server.connections(), 0);
  equal(rootfs.held(), 0);
  equal(failuresOf(meter.read()), 0);
  ok((await readAll(connection)).length < rootfs.size);
});

Deno.test("a reader that is slow but steady gets everything, however long it takes", async () => {
  await using server = await startTestServer({ catalog, limits });
  using connection = await connectAndSend(server.port, requestText("/rootfs"));
  const part = new Uint8Array(512 * 1024);
  const start = performance.now();
  let total = 0;
  for (
    let count = await connection.read(part);
    count !== null;
    count = await connection.read(part)
  ) {
    total += count;
    if (performance.now() - start < 1000) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  ok(performance.now() - start > limits.requestMs + limits.headersMs, "it outlives other limits");
  ok(total > rootfs.size);
});
