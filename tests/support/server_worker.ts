/**
 * A server in a Worker that may read one directory and use the network, and nothing else.
 *
 * @module
 */

import { systemDeps } from "../../src/lib/deps.ts";
import { startServer } from "../../src/server/server.ts";
import { fakeCatalog, fakeSnapshot, fileArtifact } from "./fake_catalog.ts";
import { fakeStatus } from "./http.ts";

const worker = self as unknown as Worker;

worker.onmessage = async ({ data }: MessageEvent<{ path: string }>) => {
  await using artifact = await fileArtifact("rootfs", data.path);
  await using server = await startServer({
    host: "127.0.0.1",
    port: 0,
    catalog: fakeCatalog([fakeSnapshot([artifact])]),
    health: () => Promise.resolve({ status: "healthy", checks: {} }),
    status: () => Promise.resolve(fakeStatus),
  }, systemDeps());
  const stop = new Promise<void>((resolve) => worker.onmessage = () => resolve());
  worker.postMessage({ port: server.port });
  await stop;
  await server.drain();
  worker.postMessage({ stopped: true });
};
