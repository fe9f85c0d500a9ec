import { deepEqual, equal, ok } from "node:assert/strict";
import type { OpenArtifact } from "../../src/artifacts/snapshot.ts";
import { memoryMeter } from "../../src/lib/meter.ts";
import {
  failingArtifact,
  fakeCatalog,
  fakeSnapshot,
  fileArtifact,
  memoryArtifact,
  patternBytes,
  slowArtifact,
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

const size = 4 * 1024 * 1024;
const bytes = patternBytes(size);

async function download(artifact: OpenArtifact) {
  const meter = memoryMeter();
  await using server = await startTestServer({
    catalog: fakeCatalog([fakeSnapshot([artifact])]),
    deps: { meter },
  });
  const answer = await sendRaw(server.port, requestText("/rootfs"));
  await server.drain();
  return { ...answer, errors: failuresOf(meter.read()) };
}

Deno.test("a file that changes while it is served ends the answer, never splices", async () => {
  for (const how of ["changed", "ends", "io"] as const) {
    const artifact = failingArtifact(memoryArtifact("rootfs", bytes), 1_000_000, how);
    const { status, headers, body, text, errors } = await download(artifact);
    deepEqual([status, headers["content-length"]], [200, String(size)], how);
    ok(body.length < size, how);
    deepEqual(body, bytes.slice(0, body.length), how);
    ok(!text.includes("secret"), how);
    equal(errors, 1, how);
  }
});

for (
  const [what, change] of Object.entries({
    truncated: (path: string) => Deno.truncate(path, 1_500_000),
    "written over": (path: string) => Deno.writeFile(path, new Uint8Array(size)),
    "made longer": (path: string) => Deno.writeFile(path, new Uint8Array(10), { append: true }),
  })
) {
  Deno.test(`a file that is ${what} in the middle of a download gives its first bytes only`, async () => {
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeFile(path, bytes);
      await using file = await fileArtifact("rootfs", path);
      let done = false;
      const artifact = slowArtifact(file, async (at) => {
        if (at >= 1_000_000 && !done) {
          done = true;
          await change(path);
          await Deno.utime(path, new Date(), new Date(Date.now() + 5000));
        }
      });
      const { body } = await download(artifact);
      ok(done && body.length > 0 && body.length < size);
      deepEqual(body, bytes.slice(0, body.length));
    } finally {
      await Deno.remove(path);
    }
  });
}

Deno.test("a read that takes its time holds up nobody else", async () => {
  const gate = Promise.withResolvers<void>();
  const slow = slowArtifact(memoryArtifact("rootfs", bytes), () => gate.promise);
  const catalog = fakeCatalog([fakeSnapshot([slow, memoryArtifact("kernel", bytes.slice(0, 10))])]);
  await using server = await startTestServer({ catalog });
  using connection = await connectAndSend(server.port, requestText("/rootfs"));
  equal((await sendRaw(server.port, requestText("/kernel"))).status, 200);
  gate.resolve();
  deepEqual(parseAnswer(await readAll(connection)).body, bytes);
});

Deno.test("a client that leaves during a read lets the file go once the read is done", async () => {
  const gate = Promise.withResolvers<void>();
  const reading = Promise.withResolvers<void>();
  const file = memoryArtifact("rootfs", bytes);
  const slow = slowArtifact(file, () => (reading.resolve(), gate.promise));
  const server = await startTestServer({ catalog: fakeCatalog([fakeSnapshot([slow])]) });
  (await connectAndSend(server.port, requestText("/rootfs"))).close();
  await reading.promise;
  equal(file.held(), 1);
  gate.resolve();
  await server[Symbol.asyncDispose]();
  equal(file.held(), 0);
});
