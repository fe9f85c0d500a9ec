import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  fakeCatalog,
  fakeSnapshot,
  memoryArtifact,
  patternBytes,
  slowArtifact,
} from "../support/fake_catalog.ts";
import {
  connectAndSend,
  parseAnswer,
  readAll,
  requestText,
  startTestServer,
} from "../support/http.ts";

const bytes = patternBytes(2_000_000);
const keptOpen = (target: string) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;

function gated() {
  const gate = Promise.withResolvers<void>();
  const reading = Promise.withResolvers<void>();
  const file = memoryArtifact("rootfs", bytes);
  const artifact = slowArtifact(file, (at) => {
    if (at === 0) return Promise.resolve();
    reading.resolve();
    return gate.promise;
  });
  return { gate, reading, file, catalog: fakeCatalog([fakeSnapshot([artifact])]) };
}

Deno.test("a running download finishes, and no new connection is taken", async () => {
  const { gate, reading, catalog } = gated();
  await using server = await startTestServer({ catalog });
  using connection = await connectAndSend(server.port, keptOpen("/rootfs"));
  await reading.promise;
  const drained = server.drain();
  await rejects(
    Deno.connect({ hostname: "127.0.0.1", port: server.port }),
    Deno.errors.ConnectionRefused,
  );
  gate.resolve();
  deepEqual(parseAnswer(await readAll(connection)).body, bytes);
  await drained;
  equal(server.connections(), 0);
});

Deno.test("a download that takes longer than the limit is cut", async () => {
  const { gate, reading, catalog, file } = gated();
  await using server = await startTestServer({ catalog, limits: { drainMs: 100 } });
  using connection = await connectAndSend(server.port, requestText("/rootfs"));
  await reading.promise;
  const drained = server.drain();
  const { body } = parseAnswer(await readAll(connection));
  ok(body.length < bytes.length);
  deepEqual(body, bytes.slice(0, body.length));
  gate.resolve();
  await drained;
  equal(file.held(), 0);
});

Deno.test("an idle connection is closed at once", async () => {
  const { catalog } = gated();
  await using server = await startTestServer({ catalog, limits: { drainMs: 60_000 } });
  using idle = await connectAndSend(server.port, keptOpen("/health"));
  await idle.read(new Uint8Array(4096));
  using silent = await connectAndSend(server.port, "");
  await server.drain();
  deepEqual([(await readAll(idle)).length, (await readAll(silent)).length], [0, 0]);
});

Deno.test("draining and disposing twice is no harm", async () => {
  const { catalog } = gated();
  const server = await startTestServer({ catalog });
  await Promise.all([server.drain(), server.drain()]);
  await server[Symbol.asyncDispose]();
  await server.drain();
  await server[Symbol.asyncDispose]();
});
