import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { serverLimits } from "../../src/lib/limits.ts";
import { makeBuffers } from "../../src/server/buffers.ts";
import type { Reply } from "../../src/server/reply.ts";
import { send } from "../../src/server/send.ts";
import { memoryArtifact, patternBytes } from "../support/fake_catalog.ts";
import { connectAndSend, requestText, sendRaw } from "../support/http.ts";

/** A plain server that sends this reply; `done` tells how sending ended. */
async function serveReply(reply: Reply) {
  const done = Promise.withResolvers<number>();
  done.promise.catch(() => {});
  const server = createServer((request, response: ServerResponse) => {
    let sent = 0;
    const options = {
      head: request.method === "HEAD",
      buffers: makeBuffers(serverLimits),
      stalledMs: 5000,
      onBytes: (count: number) => void (sent += count),
    };
    send(reply, response, options).then(() => done.resolve(sent), done.reject);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    done: done.promise,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const bytes = patternBytes(1_300_000);

Deno.test("bytes, a part of a file and nothing are sent with their length", async () => {
  const file = memoryArtifact("rootfs", bytes);
  for (
    const [body, expected] of [
      [bytes, bytes],
      [{ file, start: 100, end: 1_200_000 }, bytes.slice(100, 1_200_000)],
      [null, new Uint8Array()],
    ] as const
  ) {
    await using server = await serveReply({ status: 200, headers: { "X-A": "b" }, body });
    const answer = await sendRaw(server.port, requestText("/"));
    deepEqual(answer.body, expected);
    deepEqual([answer.headers["x-a"], answer.headers["content-length"]], [
      "b",
      `${expected.length}`,
    ]);
    equal(await server.done, expected.length);
  }
});

Deno.test("a HEAD request gets the length and no byte of the body", async () => {
  const file = memoryArtifact("rootfs", bytes);
  await using server = await serveReply({
    status: 200,
    headers: {},
    body: { file, start: 0, end: 9 },
  });
  const { headers, body } = await sendRaw(server.port, requestText("/", { method: "HEAD" }));
  deepEqual([headers["content-length"], body.length, await server.done], ["9", 0, 0]);
});

Deno.test("a stream is sent as it comes", async () => {
  const parts = ["one", "two", "three"].map((text) => new TextEncoder().encode(text));
  await using server = await serveReply({
    status: 200,
    headers: {},
    body: ReadableStream.from(parts),
  });
  const { headers, text } = await sendRaw(server.port, requestText("/"));
  equal(headers["content-length"], undefined);
  ok(text.endsWith("3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"));
  equal(await server.done, 11);
});

Deno.test("a stream that fails ends the answer, one whose client leaves is cancelled", async () => {
  const broken = new ReadableStream<Uint8Array>({ pull: (c) => c.error(new Error("no more")) });
  await using first = await serveReply({ status: 200, headers: {}, body: broken });
  ok(!(await sendRaw(first.port, requestText("/"))).text.endsWith("0\r\n\r\n"));
  await rejects(first.done, /no more/);

  const cancelled = Promise.withResolvers<void>();
  const endless = new ReadableStream<Uint8Array>({
    start: (c) => c.enqueue(new Uint8Array(10)),
    cancel: () => cancelled.resolve(),
  });
  await using second = await serveReply({ status: 200, headers: {}, body: endless });
  const connection = await connectAndSend(second.port, requestText("/"));
  await connection.read(new Uint8Array(1000));
  connection.close();
  await rejects(second.done, { code: "cancelled" });
  await cancelled.promise;
});
