import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import fc from "fast-check";
import { sealJobCancel } from "../../../src/formats/job_cancel.ts";
import {
  decodeJobMessage,
  encodeJobMessage,
  readWorkerInfo,
} from "../../../src/formats/job_wire.ts";
import { makeJobHandler } from "../../../src/jobs/wire/handler.ts";
import { askJobs, type P2pJobs } from "../../../src/jobs/wire/p2p_client.ts";
import type { JobStatus } from "../../../src/jobs/service/types.ts";
import { systemDeps } from "../../../src/lib/deps.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { jobWireLimits } from "../../../src/lib/limits.ts";
import { moduleBytes, plainJob, type TestService, testService } from "../../support/job_service.ts";
import { digestOf, testSubmitter } from "../../support/jobs.ts";
import { memoryLog } from "../../support/memory_log.ts";

const deps = systemDeps({ log: memoryLog() });
const info = { arch: "arm64", runtimes: ["wasm", "v8-wasi-0.1"], httpPort: 8080 };
const options = { signal: new AbortController().signal };

type Answerer = (question: Uint8Array, peer: string) => Promise<Uint8Array>;

function handlerOf({ service }: Pick<TestService, "service">): Answerer {
  return makeJobHandler({ service, info }, deps);
}

/** A client whose questions go to the handler without a network. */
function clientOf(answer: Answerer): P2pJobs {
  return askJobs(
    {
      ask: async (_peer, { question }) => ({
        bytes: Uint8Array.from(await answer(question, "them")),
        host: "192.0.2.1",
        latencyMs: 1,
      }),
    },
    "us",
    deps,
  );
}

Deno.test("a job is sent, run, and answered for over the protocol", async () => {
  await using jobs = await testService();
  const client = clientOf(handlerOf(jobs));
  const told = await client.info(options);
  deepEqual(told, { ...info, load: 0, host: "192.0.2.1" });
  const { job_id: id, missing } = await client.submit(plainJob(1), options) as unknown as JobStatus;
  deepEqual(missing, [digestOf(moduleBytes)]);
  await rejects(client.receipt(id, options), { code: "not_done" });
  await client.put(digestOf(moduleBytes), moduleBytes, { ...options, job: id });
  const run = await jobs.runner.next();
  await run.write("stdout", new TextEncoder().encode("hello"));
  run.finish();
  const done = await client.status(id, 10, options) as unknown as JobStatus;
  equal(done.state, "done");
  const parts = await Array.fromAsync(client.output(id, "stdout", 1, options));
  equal(new TextDecoder().decode(parts[0]), "ello");
  equal(parts.length, 1);
  deepEqual(await client.receipt(id, options), jobs.service.receipt(id));
});

Deno.test("a blob larger than a message goes in parts", async () => {
  await using jobs = await testService();
  const client = clientOf(handlerOf(jobs));
  const input = new Uint8Array(2 * jobWireLimits.bodyBytes + 5).fill(7);
  const spec = plainJob(1, { stdin: digestOf(input) });
  const { job_id: job } = await client.submit(spec, options) as unknown as JobStatus;
  await client.put(digestOf(input), input, { ...options, job });
  await client.put(digestOf(moduleBytes), moduleBytes, { ...options, job });
  const run = await jobs.runner.next();
  deepEqual(run.job.stdin, input);
  run.finish();
});

Deno.test("a refusal keeps its code and reason", async () => {
  await using jobs = await testService();
  const client = clientOf(handlerOf(jobs));
  const unknown = `sha256:${"0".repeat(64)}`;
  await rejects(client.status(unknown, 0, options), { code: "not_found" });
  await rejects(client.submit(new Uint8Array(3), options), { code: "malformed" });
  const { job_id: id } = await client.submit(plainJob(1), options) as unknown as JobStatus;
  const stranger = sealJobCancel(unknown, testSubmitter);
  await rejects(client.cancel(stranger, options), { code: "not_found" });
  const ended = await client.cancel(sealJobCancel(id, testSubmitter), options);
  equal((ended as unknown as JobStatus).completion, "cancelled");
});

Deno.test("what goes wrong inside is not told", async () => {
  const broken = {
    status() {
      throw new Error("/secret/path");
    },
  } as unknown as TestService["service"];
  const client = clientOf(handlerOf({ service: broken }));
  const refused = client.status(`sha256:${"0".repeat(64)}`, 0, options);
  await rejects(refused, { code: "internal", message: "The worker failed" });
});

Deno.test("a peer that asks too much is refused, another isn't", async () => {
  await using jobs = await testService();
  const answer = handlerOf(jobs);
  const question = encodeJobMessage({ type: "info" });
  const asked = async (peer: string) => decodeJobMessage(await answer(question, peer)).header;
  for (let i = 0; i < jobWireLimits.questionsAtOnce; i++) await asked("one");
  let last = await asked("one");
  for (let i = 0; i < 200 && last.ok; i++) last = await asked("one");
  equal(last.code, "too_many");
  equal((await asked("two")).ok, true);
});

Deno.test("a worker that never gets further is given up", async () => {
  const stuck = clientOf(() =>
    Promise.resolve(encodeJobMessage({ ok: true, have: 0, complete: false }))
  );
  const put = stuck.put(digestOf(moduleBytes), moduleBytes, options);
  await rejects(put, { code: "bad_source" });
});

Deno.test("whatever the bytes, the handler answers with a message", async () => {
  await using jobs = await testService();
  const answer = handlerOf(jobs);
  const types = fc.constantFrom("info", "put", "progress", "status", "output", "receipt", "x");
  const header = fc.record({
    type: types,
    job_id: fc.oneof(fc.string(), fc.constant(`sha256:${"1".repeat(64)}`)),
    digest: fc.oneof(fc.string(), fc.constant(`sha256:${"1".repeat(64)}`)),
    start: fc.oneof(fc.integer(), fc.string()),
    end: fc.integer(),
    size: fc.integer(),
    stream: fc.constantFrom("stdout", "stderr", "x"),
  }, { requiredKeys: ["type"] });
  const question = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    header.map((value) => encodeJobMessage(value, new Uint8Array(3))),
  );
  let peer = 0;
  await fc.assert(fc.asyncProperty(question, async (bytes) => {
    const { header: { ok: good, code } } = decodeJobMessage(await answer(bytes, `${peer++}`));
    ok(good === true || typeof code === "string");
    ok(code !== "internal");
  }));
});

Deno.test("whatever the bytes, they are a message or malformed", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    try {
      const { header, body } = decodeJobMessage(bytes);
      deepEqual(encodeJobMessage(header, body), Uint8Array.from(bytes));
    } catch (thrown) {
      equal((thrown as PlasmdError).code, "malformed");
    }
  }));
  const long = new Uint8Array(5);
  new DataView(long.buffer).setUint32(0, 0xffffffff);
  throws(() => decodeJobMessage(long), { code: "malformed" });
});

Deno.test("what a worker says of itself is read, and what is odd refused", () => {
  const good = { arch: "arm64", runtimes: ["wasm", "else"], http_port: 80, load: 3 };
  deepEqual(readWorkerInfo(good).runtimes, ["wasm"]);
  for (
    const odd of [{ arch: "vax" }, { http_port: 0 }, { http_port: "80" }, { load: 101 }, {
      runtimes: "wasm",
    }]
  ) {
    throws(() => readWorkerInfo({ ...good, ...odd }), { code: "malformed" });
  }
});
