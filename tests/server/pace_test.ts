import { deepEqual, equal, ok } from "node:assert/strict";
import {
  fakeCatalog,
  fakeSnapshot,
  memoryArtifact,
  patternBytes,
} from "../support/fake_catalog.ts";
import {
  connectAndSend,
  parseAnswer,
  readAll,
  requestText,
  sendRaw,
  startTestServer,
} from "../support/http.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { makePacer } from "../../src/server/pace.ts";

const KiB = 1024;
const rootfs = memoryArtifact("rootfs", patternBytes(256 * KiB));
const catalog = fakeCatalog([fakeSnapshot([rootfs])]);

async function timed<T>(run: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  return [await run(), performance.now() - start];
}

const get = (port: number) => sendRaw(port, requestText("/rootfs"));

Deno.test("a cap in all holds for all downloads together, and every byte is right", async () => {
  await using server = await startTestServer({ catalog, limits: { bytesPerSecond: 1024 * KiB } });
  const [answers, ms] = await timed(() => Promise.all([get(server.port), get(server.port)]));
  for (const { body } of answers) deepEqual(body, patternBytes(256 * KiB));
  ok(ms >= 450, `512 KiB at 1 MiB/s took ${ms} ms`);
});

Deno.test("a cap per address holds for one address; others and documents aren't held back", async () => {
  await using server = await startTestServer({
    catalog,
    host: "127.0.0.1",
    limits: { bytesPerSecondPerAddress: 512 * KiB },
  });
  const slow = timed(() => get(server.port));
  const [health, healthMs] = await timed(() => sendRaw(server.port, requestText("/health")));
  equal(health.status, 200);
  ok(healthMs < 400);
  const [{ body }, ms] = await slow;
  deepEqual(body, patternBytes(256 * KiB));
  ok(ms >= 450, `256 KiB at 512 KiB/s took ${ms} ms`);
});

Deno.test("asking for many small ranges gets no more than asking once", async () => {
  await using server = await startTestServer({
    catalog,
    limits: { bytesPerSecondPerAddress: 256 * KiB },
  });
  const range = (i: number) => `Range: bytes=${i * 4 * KiB}-${(i + 1) * 4 * KiB - 1}\r\n`;
  const [, ms] = await timed(() =>
    Promise.all(
      Array.from({ length: 32 }, (_, i) =>
        sendRaw(server.port, requestText("/rootfs", { headers: range(i) }))),
    )
  );
  ok(ms >= 400, `128 KiB at 256 KiB/s took ${ms} ms`);
});

Deno.test("caps change while a download runs, and it is not dropped", async () => {
  await using server = await startTestServer({ catalog, limits: { bytesPerSecond: 16 * KiB } });
  using connection = await connectAndSend(server.port, requestText("/rootfs"));
  const first = new Uint8Array(1024);
  const count = (await connection.read(first))!;
  const start = performance.now();
  server.setLimits({ bytesPerSecond: 0 });
  const rest = await readAll(connection);
  ok(performance.now() - start < 5000, "at the old rate it would take 16 s");
  const all = new Uint8Array(count + rest.length);
  all.set(first.subarray(0, count));
  all.set(rest, count);
  deepEqual(parseAnswer(all).body, patternBytes(256 * KiB));
  server.setLimits({ bytesPerSecond: 1024 * KiB, bytesPerSecondPerAddress: 512 * KiB });
  const [, ms] = await timed(() => get(server.port));
  ok(ms >= 450, `256 KiB at 512 KiB/s took ${ms} ms`);
});

Deno.test("a client that leaves while it is held back lets go of the file soon", async () => {
  await using server = await startTestServer({ catalog, limits: { bytesPerSecond: 16 * KiB } });
  const connection = await connectAndSend(server.port, requestText("/rootfs"));
  while (rootfs.held() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  connection.close();
  const start = performance.now();
  while (rootfs.held() > 0 && performance.now() - start < 8000) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  equal(rootfs.held(), 0, "all of it would take 16 s");
});

Deno.test("limits on connections change while it runs, and nobody is thrown out", async () => {
  await using server = await startTestServer({ catalog });
  const kept = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
  using first = await connectAndSend(server.port, kept);
  using second = await connectAndSend(server.port, kept);
  for (const one of [first, second]) await one.read(new Uint8Array(4096));
  server.setLimits({ connectionsPerAddress: 1 });
  equal((await sendRaw(server.port, requestText("/health"))).status, 429);
  server.setLimits({ connectionsPerAddress: 10, connections: 1 });
  equal((await sendRaw(server.port, requestText("/health"))).status, 503);
  await first.write(new TextEncoder().encode(kept));
  ok((await first.read(new Uint8Array(4096)))! > 0, "an old connection is still answered");
  server.setLimits({ connections: 10 });
  equal((await sendRaw(server.port, requestText("/health"))).status, 200);
});

Deno.test("a low cap is sent in small pieces, no cap in whole buffers", () => {
  const limits = { bytesPerSecond: 0, bytesPerSecondPerAddress: 0, paceMs: 25 };
  const pacer = makePacer(limits, systemClock);
  using transfer = pacer.enter("192.0.2.1");
  equal(transfer.most(), Infinity);
  limits.bytesPerSecondPerAddress = 1_000_000;
  equal(transfer.most(), 25_000);
  limits.bytesPerSecond = 10;
  equal(transfer.most(), 1024);
});
