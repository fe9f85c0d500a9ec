import { deepEqual, equal, ok } from "node:assert/strict";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { memoryMeter } from "../../src/lib/meter.ts";
import {
  fakeCatalog,
  fakeSnapshot,
  fileArtifact,
  memoryArtifact,
  patternBytes,
} from "../support/fake_catalog.ts";
import {
  connectAndSend,
  failuresOf,
  readAll,
  requestText,
  sendRaw,
  startTestServer,
} from "../support/http.ts";

const size = 16 * 1024 * 1024;
const noDescriptors = Deno.build.os !== "linux";

Deno.test({
  name: "200 aborted downloads leave no descriptor, no hold and no connection behind",
  ignore: noDescriptors,
  async fn() {
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeFile(path, patternBytes(size));
      await using artifact = await fileArtifact("rootfs", path);
      const meter = memoryMeter();
      const catalog = fakeCatalog([fakeSnapshot([artifact])]);
      await using server = await startTestServer({ catalog, deps: { meter } });
      await sendRaw(server.port, requestText("/rootfs", { method: "HEAD" }));
      const before = descriptors();
      for (let round = 0; round < 10; round++) {
        await Promise.all(Array.from({ length: 20 }, (_, i) => abort(server.port, i)));
      }
      await until(() => server.connections() === 0);
      equal(descriptors(), before);
      const figures = meter.read();
      equal(figures.plasmd_http_connections, 0);
      equal(failuresOf(figures), 0);
      ok(figures.plasmd_http_sent_bytes_total! < 200 * size);
    } finally {
      await Deno.remove(path);
    }
  },
});

Deno.test("clients that stay get the right bytes while others abort", async () => {
  const bytes = patternBytes(size);
  const rootfs = memoryArtifact("rootfs", bytes);
  await using server = await startTestServer({
    catalog: fakeCatalog([fakeSnapshot([rootfs])]),
    limits: { largeBuffers: 4, buffersKept: 2 },
  });
  const stay = Array.from({ length: 8 }, async () => {
    const { status, body } = await sendRaw(server.port, requestText("/rootfs"));
    equal(status, 200);
    deepEqual(sha256Hex(body), rootfs.digest);
  });
  const leave = Array.from({ length: 40 }, (_, i) => abort(server.port, i));
  await Promise.all([...stay, ...leave]);
  await until(() => rootfs.held() === 0);
});

/** Asks for all of it, reads a little or nothing, and goes away. */
async function abort(port: number, i: number): Promise<void> {
  using connection = await connectAndSend(port, requestText("/rootfs"));
  if (i % 2 === 0) await connection.read(new Uint8Array(1000 * (i + 1)));
}

function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

async function until(condition: () => boolean): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    ok(performance.now() - start < 10_000, "it never came true");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test("half a connection is enough to be answered", async () => {
  const catalog = fakeCatalog([fakeSnapshot([memoryArtifact("kernel", patternBytes(1000))])]);
  await using server = await startTestServer({ catalog });
  using connection = await connectAndSend(server.port, requestText("/kernel"));
  await connection.closeWrite();
  ok((await readAll(connection)).length > 1000);
});
