import { deepEqual, equal, ok } from "node:assert/strict";
import { fakeCatalog, fakeSnapshot, memoryArtifact } from "../support/fake_catalog.ts";
import { sendRaw, startTestServer } from "../support/http.ts";

const catalog = fakeCatalog([fakeSnapshot([memoryArtifact("kernel", new Uint8Array(10))])]);
const limits = { lingerMs: 200, bodyBytes: 1024 };
const hidden = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
const answers = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);

Deno.test("a request whose length is told twice or in two ways is refused, and nothing after it is read", async () => {
  await using server = await startTestServer({ catalog, limits });
  for (
    const headers of [
      "Content-Length: 4\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked\r\nContent-Length: 4",
      "Content-Length: 4\r\nContent-Length: 5",
      "Content-Length: 4, 5",
      "Content-Length: +4",
      "Content-Length: -1",
      "Content-Length: 0x4",
      "Content-Length: 99999999999999999999999",
      "Transfer-Encoding: xchunked",
      "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding: identity",
      "Transfer-Encoding : chunked",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
      "Transfer-Encoding:\x0bchunked",
    ]
  ) {
    const data = `POST /kernel HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n0\r\n\r\n${hidden}`;
    const { text } = await sendRaw(server.port, data);
    deepEqual(answers(text).map((status) => status === "413" ? "400" : status), ["400"], headers);
  }
});

Deno.test("a body is dropped, and the connection with it", async () => {
  await using server = await startTestServer({ catalog, limits });
  const sized =
    `GET /kernel HTTP/1.1\r\nHost: x\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`;
  const chunked = "GET /kernel HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
    `5\r\nhello\r\n0\r\n\r\n`;
  for (const data of [sized, chunked]) {
    const { text, headers } = await sendRaw(server.port, data + hidden);
    deepEqual(answers(text), ["200"]);
    equal(headers.connection, "close");
  }
});

Deno.test("a body above the limit is 413, declared or not", async () => {
  await using server = await startTestServer({ catalog, limits });
  const declared = `POST /kernel HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n${
    "a".repeat(5000)
  }`;
  const { status, text } = await sendRaw(server.port, declared);
  equal(status, 413);
  ok(text.includes('"code":"too_large"'));
  const chunk = `400\r\n${"a".repeat(1024)}\r\n`;
  const chunked = `POST /kernel HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${
    chunk.repeat(4)
  }0\r\n\r\n`;
  equal((await sendRaw(server.port, chunked)).status, 413);
});

Deno.test("who waits for 100-continue gets the final answer instead", async () => {
  await using server = await startTestServer({ catalog, limits });
  const data =
    "PUT /kernel HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n";
  const { status, headers, text } = await sendRaw(server.port, data);
  deepEqual([status, headers.connection], [405, "close"]);
  ok(!text.includes("100 Continue"));
});
