import { equal, ok } from "node:assert/strict";
import { fakeCatalog, fakeSnapshot, memoryArtifact } from "../support/fake_catalog.ts";
import {
  connectAndSend,
  parseAnswer,
  readAll,
  requestText,
  sendRaw,
  startTestServer,
} from "../support/http.ts";

const catalog = fakeCatalog([fakeSnapshot([memoryArtifact("kernel", new Uint8Array(10))])]);

Deno.test("connections beyond the limit are refused, those beyond the refused are cut, and all ends", async () => {
  const limits = { connections: 8, refused: 4, lingerMs: 300 };
  await using server = await startTestServer({ catalog, limits });
  const held = await Promise.all(Array.from({ length: 8 }, () => connectAndSend(server.port, "")));
  const more = await Promise.all(
    Array.from({ length: 40 }, () => connectAndSend(server.port, requestText("/kernel"))),
  );
  const statuses = await Promise.all(
    more.map(async (one) => parseAnswer(await readAll(one)).status),
  );
  equal(statuses.filter((status) => status === 503).length, 4);
  equal(statuses.filter((status) => status === 0).length, 36);
  equal(server.connections(), 8);
  for (const one of [...held, ...more]) one.close();
  const start = performance.now();
  while (server.connections() > 0 && performance.now() - start < 5000) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  ok((await sendRaw(server.port, requestText("/kernel"))).status === 200);
});
