import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { sealJobCancel } from "../../../src/formats/job_cancel.ts";
import type { JobParts } from "../../../src/server/jobs/site.ts";
import { routesUnder } from "../../../src/server/routes.ts";
import type { HttpServer } from "../../../src/server/server.ts";
import { operations } from "../../../src/server/jobs/operations.ts";
import { schemas } from "../../../src/server/jobs/schemas.ts";
import { fakeCatalog } from "../../support/fake_catalog.ts";
import {
  connectAndSend,
  parseAnswer,
  readAll,
  sendRaw,
  startTestServer,
} from "../../support/http.ts";
import {
  moduleBytes,
  otherSubmitter,
  plainJob,
  type TestService,
  testService,
} from "../../support/job_service.ts";
import { digestOf, testSubmitter, testWorker } from "../../support/jobs.ts";
import { schemaProblem } from "../../support/json_schema.ts";
import { memoryLog } from "../../support/memory_log.ts";

const catalog = fakeCatalog([]);
const limits = { lingerMs: 200 };

interface Site extends AsyncDisposable {
  readonly jobs: TestService;
  readonly server: HttpServer;
  call(
    method: string,
    path: string,
    body?: Uint8Array | string,
    headers?: HeadersInit,
  ): Promise<Called>;
}

interface Called {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  // deno-lint-ignore no-explicit-any -- a document of any form
  readonly json: any;
}

async function site(more: Partial<JobParts> = {}): Promise<Site> {
  await using owned = new AsyncDisposableStack();
  const jobs = owned.use(await testService());
  const server = owned.use(
    await startTestServer({ catalog, limits, jobs: { service: () => jobs.service, ...more } }),
  );
  const held = owned.move();
  return {
    jobs,
    server,
    async call(method, path, body, headers) {
      const url = `http://127.0.0.1:${server.port}${path}`;
      const init = { method, body: body as BodyInit, headers };
      const response = await fetch(url, init);
      const bytes = await response.bytes();
      const type = response.headers.get("Content-Type") ?? "";
      const json = type.endsWith("json") ? JSON.parse(new TextDecoder().decode(bytes)) : undefined;
      equal(response.headers.get("X-Content-Type-Options"), "nosniff");
      checkDescribed(method, path, response, json);
      return { status: response.status, headers: response.headers, bytes, json };
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Every answer of the real server is one that the description tells of. */
function checkDescribed(
  method: string,
  path: string,
  { status, headers }: Response,
  json: unknown,
) {
  const named = path.replace(/\?.*/, "").replace(/(sha256\/)[^/]+$/, "$1{digest}")
    .replace(/(jobs\/)[^/]+/, "$1{job}");
  const answer = operations[named]?.[method.toLowerCase()]?.answers[status];
  ok(answer !== undefined, `${method} ${named} ${status} is not described`);
  const [, content] = answer;
  equal(headers.get("Content-Type"), content?.type ?? null);
  if (content?.schema !== undefined) {
    equal(schemaProblem(json, schemas[content.schema]!), undefined, `${method} ${named} ${status}`);
  }
}

const hex = (id: string) => id.slice("sha256:".length);
const blob = (bytes: Uint8Array) => `/v1/blobs/sha256/${hex(digestOf(bytes))}`;

Deno.test("a job is sent, run, and answered for with output and a receipt", async () => {
  await using it = await site();
  const taken = await it.call("POST", "/v1/jobs", plainJob(1));
  equal(taken.status, 202);
  deepEqual(taken.json.missing, [digestOf(moduleBytes)]);
  const path = `/v1/jobs/${hex(taken.json.job_id)}`;
  const early = await it.call("GET", `${path}/receipt`);
  equal(early.status, 409);
  equal(early.json.code, "not_done");
  equal((await it.call("PUT", blob(moduleBytes), moduleBytes)).status, 204);
  const run = await it.jobs.runner.next();
  await run.write("stdout", new TextEncoder().encode("hello world"));
  const waiting = it.call("GET", `${path}?wait=30`);
  run.finish({ exitCode: 3 });
  const done = await waiting;
  equal(done.json.state, "done");
  equal(done.json.exit_code, 3);
  const out = await it.call("GET", `${path}/stdout`);
  equal(new TextDecoder().decode(out.bytes), "hello world");
  equal(out.headers.get("X-Job-State"), "done");
  const part = await it.call("GET", `${path}/stdout`, undefined, { Range: "bytes=6-" });
  equal(part.status, 206);
  equal(new TextDecoder().decode(part.bytes), "world");
  equal((await it.call("GET", `${path}/stdout`, undefined, { Range: "bytes=11-" })).status, 416);
  const receipt = await it.call("GET", `${path}/receipt`);
  equal(receipt.json.worker, testWorker.keyid);
  equal(receipt.json.job_id, taken.json.job_id);
  const again = await it.call("POST", "/v1/jobs", plainJob(1));
  equal(again.status, 200);
  equal(again.json.state, "done");
});

Deno.test("a job that must not be run is refused with the reason", async () => {
  await using it = await site();
  const cases: [Uint8Array | string, number, string][] = [
    ["{}", 400, "malformed"],
    [plainJob(1, { expires_at: "2020-01-01T00:00:00Z" }), 410, "expired"],
    [plainJob(1, { worker: otherSubmitter.keyid }), 403, "wrong_target"],
    [plainJob(1, {}, testWorker), 403, "forbidden"],
  ];
  for (const [body, status, code] of cases) {
    const refused = await it.call("POST", "/v1/jobs", body);
    deepEqual([refused.status, refused.json.code], [status, code]);
  }
  const unknown = `/v1/jobs/${"0".repeat(64)}`;
  for (const path of [unknown, `${unknown}/stdout`, `${unknown}/receipt`, `${unknown}/events`]) {
    equal((await it.call("GET", path)).status, 404);
  }
  equal((await it.call("PUT", blob(moduleBytes), moduleBytes)).status, 404);
});

Deno.test("bytes of another digest are 422, and of a job that is named only for that one", async () => {
  await using it = await site();
  const { json } = await it.call("POST", "/v1/jobs", plainJob(1));
  const wrong = await it.call("PUT", blob(moduleBytes), new Uint8Array(8));
  equal(wrong.status, 422);
  await it.call("POST", "/v1/jobs", plainJob(2, {}, otherSubmitter));
  equal((await it.call("PUT", blob(moduleBytes), moduleBytes)).status, 412);
  const named = `${blob(moduleBytes)}?job=${hex(json.job_id)}`;
  equal((await it.call("PUT", named, moduleBytes)).status, 204);
  equal((await it.call("PUT", `${blob(moduleBytes)}?job=1`, moduleBytes)).status, 400);
});

Deno.test("a job is cancelled by its submitter alone, at its own path", async () => {
  await using it = await site();
  const { json: { job_id: id } } = await it.call("POST", "/v1/jobs", plainJob(1));
  const path = `/v1/jobs/${hex(id)}`;
  const cancel = (by: typeof testSubmitter) => sealJobCancel(id, by);
  equal((await it.call("DELETE", path, cancel(otherSubmitter))).status, 403);
  equal((await it.call("DELETE", `/v1/jobs/${"0".repeat(64)}`, cancel(testSubmitter))).status, 400);
  const ended = await it.call("DELETE", path, cancel(testSubmitter));
  equal(ended.json.state, "done");
  equal(ended.json.completion, "cancelled");
});

Deno.test("events come as they happen, go on after the last that was seen, and end with the job", async () => {
  await using it = await site();
  const { json: { job_id: id } } = await it.call("POST", "/v1/jobs", plainJob(1));
  await it.call("PUT", blob(moduleBytes), moduleBytes);
  const run = await it.jobs.runner.next();
  await run.write("stdout", new TextEncoder().encode("one"));
  await run.write("stderr", new TextEncoder().encode("two"));
  run.finish();
  const path = `/v1/jobs/${hex(id)}/events`;
  await it.call("GET", `/v1/jobs/${hex(id)}?wait=10`);
  const all = new TextDecoder().decode((await it.call("GET", path)).bytes);
  match(all, /event: stdout\nid: 3-\d\ndata: {"offset":0,"data":"b25l"}\n\n/);
  match(all, /event: state\nid: 3-3\ndata: {.*"state":"done".*}\n\n$/);
  const rest = await it.call("GET", path, undefined, { "Last-Event-ID": "3-0" });
  const text = new TextDecoder().decode(rest.bytes);
  equal(text.includes("b25l"), false);
  ok(text.includes("event: stderr"));
  equal((await it.call("GET", path, undefined, { "Last-Event-ID": "x" })).status, 400);
});

Deno.test("a stream of events and a wait end when the server stops", async () => {
  await using it = await site();
  const { json: { job_id: id } } = await it.call("POST", "/v1/jobs", plainJob(1));
  const events = it.call("GET", `/v1/jobs/${hex(id)}/events`);
  const wait = it.call("GET", `/v1/jobs/${hex(id)}?wait=60`);
  while (it.server.connections() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await it.server.drain();
  ok(new TextDecoder().decode((await events).bytes).startsWith("event: state"));
  equal((await wait).json.state, "waiting");
});

Deno.test("where jobs are off there are none", async () => {
  await using it = await site({ service: () => undefined });
  const path = `/v1/jobs/${"0".repeat(64)}`;
  equal((await it.call("POST", "/v1/jobs", plainJob(1))).status, 404);
  equal((await it.call("PUT", blob(moduleBytes), moduleBytes)).status, 404);
  equal((await it.call("DELETE", path, "{}")).status, 404);
  for (const rest of ["", "/stdout", "/stderr", "/receipt", "/events"]) {
    equal((await it.call("GET", path + rest)).status, 404);
  }
  deepEqual((await it.call("GET", "/v1/workers")).json, { workers: [] });
});

Deno.test("workers are this node by the address of the socket, and those that are found, asked once", async () => {
  const self = {
    peer_id: "a",
    keyid: testWorker.keyid,
    arch: "arm64",
    runtimes: ["wasm"],
    load: 0,
  };
  let searches = 0;
  const other = { ...self, peer_id: "b", origins: ["http://192.0.2.1:8080"] };
  await using it = await site({
    self: () => self,
    find: () => {
      searches++;
      return Promise.resolve([other, { ...other, peer_id: "a" }]);
    },
  });
  for (let i = 0; i < 3; i++) {
    const { json } = await it.call("GET", "/v1/workers?arch=aarch64&runtime=wasm");
    const origins = [`http://127.0.0.1:${it.server.port}`];
    deepEqual(json, { workers: [{ ...self, origins }, other] });
  }
  equal(searches, 1);
  deepEqual((await it.call("GET", "/v1/workers?arch=x86_64")).json.workers.length, 1);
  equal((await it.call("GET", "/v1/workers?arch=vax")).status, 400);
  equal((await it.call("GET", "/v1/workers?runtime=none")).status, 400);
});

Deno.test("every route of jobs is described, and nothing else", async () => {
  await using it = await site();
  const { json } = await it.call("GET", "/v1/openapi.json");
  const served = routesUnder("/v1/").flatMap(({ path, methods }) =>
    methods.filter((method) => method !== "HEAD").map((method) =>
      `${method} ${path.replace(/:(\w+)/g, "{$1}")}`
    )
  );
  const described = Object.entries(json.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`)
  );
  deepEqual(described.toSorted(), served.toSorted());
  equal(json.openapi, "3.1.0");
});

Deno.test("a body needs one length, within the limit, and no other framing", async () => {
  await using it = await site();
  const head = "POST /v1/jobs HTTP/1.1\r\nHost: x\r\n";
  const hidden = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
  const cases: [string, number][] = [
    ["", 411],
    ["Transfer-Encoding: chunked\r\n", 411],
    ["Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", 400],
    ["Content-Length: 2\r\nContent-Length: 3\r\n", 400],
    ["Content-Length: 2, 2\r\n", 400],
    ["Content-Length: 999999999\r\n", 413],
    ["Content-Length: 2\r\nContent-Encoding: gzip\r\n", 415],
    ["Content-Length: 2\r\nExpect: tea\r\n", 417],
  ];
  for (const [headers, status] of cases) {
    const answer = await sendRaw(
      it.server.port,
      `${head}${headers}\r\n${headers === "" ? "" : `0\r\n\r\n${hidden}`}`,
    );
    equal(answer.status, status, headers);
    equal(answer.text.match(/HTTP\/1\.1 /g)?.length, 1, headers);
  }
});

Deno.test("who waits for 100-continue is told to go on, or why not", async () => {
  await using it = await site();
  const bytes = plainJob(1);
  const head = (length: number) =>
    `POST /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
  using connection = await connectAndSend(it.server.port, head(bytes.length));
  const buffer = new Uint8Array(100);
  const count = await connection.read(buffer);
  match(new TextDecoder().decode(buffer.subarray(0, count!)), /^HTTP\/1\.1 100 Continue\r\n/);
  await connection.write(bytes);
  equal(parseAnswer(await readAll(connection)).status, 202);
  equal((await sendRaw(it.server.port, head(1 << 30))).status, 413);
});

Deno.test("a body that stalls is 408, and one that ends early is cut", async () => {
  await using jobs = await testService();
  await using server = await startTestServer({
    catalog,
    limits: { ...limits, bodyStalledMs: 50 },
    jobs: { service: () => jobs.service },
  });
  const head = "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{";
  equal((await sendRaw(server.port, head)).status, 408);
});

Deno.test("however a body is cut into packets, it arrives as it was sent", async () => {
  await using it = await site();
  const bytes = plainJob(7);
  const head = new TextEncoder().encode(
    `POST /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${bytes.length}\r\n\r\n`,
  );
  const all = new Uint8Array([...head, ...bytes]);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(all.length), { maxLength: 6 }), async (cuts) => {
      using connection = await connectAndSend(it.server.port, "");
      connection.setNoDelay(true);
      let at = 0;
      for (const cut of [...cuts.toSorted((a, b) => a - b), all.length]) {
        if (cut > at) await connection.write(all.subarray(at, cut));
        at = Math.max(at, cut);
      }
      equal(parseAnswer(await readAll(connection)).status, 202);
    }),
    { numRuns: 30 },
  );
});

Deno.test("whatever the query, it is a number of seconds or refused", async () => {
  await using it = await site();
  const { json: { job_id: id } } = await it.call("POST", "/v1/jobs", plainJob(1));
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 20 }), async (text) => {
      const query = encodeURIComponent(`${text}x`);
      const { status } = await it.call("GET", `/v1/jobs/${hex(id)}?wait=${query}`);
      equal(status, 400);
    }),
    { numRuns: 50 },
  );
});

Deno.test("the log has no more of a job's id than its start", async () => {
  await using jobs = await testService();
  const log = memoryLog();
  await using server = await startTestServer({
    catalog,
    limits,
    jobs: { service: () => jobs.service },
    deps: { log },
  });
  const id = "ab".repeat(32);
  for (const path of [`/v1/jobs/${id}/stdout`, `/v1/blobs/sha256/${"1".repeat(64)}?job=${id}`]) {
    await (await fetch(`http://127.0.0.1:${server.port}${path}`)).bytes();
  }
  const text = JSON.stringify(log.records);
  ok(text.includes("abababab.."));
  equal(text.includes(id.slice(0, 12)), false);
});

Deno.test("who writes too fast is told to come later", async () => {
  await using it = await site();
  const path = blob(moduleBytes);
  let refused: Called | undefined;
  for (let tries = 0; refused === undefined && tries < 100; tries++) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => it.call("PUT", path, "1")),
    );
    refused = answers.find(({ status }) => status === 429);
  }
  equal(refused?.json.code, "too_many");
  equal(refused?.headers.get("Retry-After"), "2");
});

Deno.test("input that is there already is not read again", async () => {
  await using it = await site();
  const { json: { job_id: id } } = await it.call("POST", "/v1/jobs", plainJob(1));
  const named = `${blob(moduleBytes)}?job=${hex(id)}`;
  equal((await it.call("PUT", named, moduleBytes)).status, 204);
  equal((await it.call("PUT", named, moduleBytes)).status, 204);
  // Who doesn't know a job isn't told what others have sent.
  equal((await it.call("PUT", blob(moduleBytes), moduleBytes)).status, 404);
});

Deno.test("after a body that was read whole, the connection takes the next request", async () => {
  await using it = await site();
  const bytes = plainJob(1);
  const first = `POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n\r\n`;
  const last = "GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const text = first + new TextDecoder().decode(bytes) + last;
  const answer = await sendRaw(it.server.port, text);
  deepEqual([...answer.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status), [
    "202",
    "200",
  ]);
});

Deno.test("HEAD of events follows nothing", async () => {
  await using it = await site();
  const { json: { job_id: id } } = await it.call("POST", "/v1/jobs", plainJob(1));
  const url = `http://127.0.0.1:${it.server.port}/v1/jobs/${hex(id)}/events`;
  const answer = await fetch(url, { method: "HEAD" });
  await answer.body?.cancel();
  equal(answer.status, 200);
  equal(answer.headers.get("Content-Type"), "text/event-stream");
});
