import assert from "node:assert/strict";
import { jobServiceLimits } from "../../../src/lib/limits.ts";
import type { JobEvent, OutputPosition } from "../../../src/jobs/service/types.ts";
import { digestOf } from "../../support/jobs.ts";
import {
  ended,
  moduleBytes,
  plainJob,
  send,
  submitWhole,
  type TestService,
  testService,
} from "../../support/job_service.ts";

const utf8 = new TextEncoder();
const decoder = new TextDecoder();
const signal = new AbortController().signal;

/** Reads events one by one; what comes as text is `stdout@0:hello`. */
function reader({ service }: TestService, id: string, from?: OutputPosition, stop = signal) {
  const events = service.events(id, { from, signal: stop })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await events.next();
    return done ? "end" : textOf(value);
  };
}

function textOf(event: JobEvent): string {
  if (event.type === "state") return event.status.state;
  return `${event.type}@${event.offset}:${decoder.decode(event.bytes)}`;
}

Deno.test("states and output are told as they happen, and the last state at the end", async () => {
  await using test = await testService();
  const { job_id: id } = await test.service.submit(plainJob(1));
  const next = reader(test, id);
  assert.equal(await next(), "waiting");
  await send(test.service, id, moduleBytes);
  const run = await test.runner.next();
  assert.equal(await next(), "running");
  run.write("stdout", utf8.encode("one\n"));
  assert.equal(await next(), "stdout@0:one\n");
  run.write("stderr", utf8.encode("two\n"));
  assert.equal(await next(), "stderr@0:two\n");
  run.write("stdout", utf8.encode("three\n"));
  assert.equal(await next(), "stdout@4:three\n");
  run.write("stdout", utf8.encode("last words"));
  run.finish();
  assert.equal(await next(), "stdout@10:last words");
  assert.equal(await next(), "done");
  assert.equal(await next(), "end");
});

Deno.test("a listener goes on from where it was, while the job runs and after", async () => {
  await using test = await testService();
  const { job_id: id } = await submitWhole(test.service, plainJob(1));
  const run = await test.runner.next();
  run.write("stdout", utf8.encode("hello world"));
  run.write("stderr", utf8.encode("warning"));
  let at: OutputPosition | undefined;
  for await (const event of test.service.events(id, { signal })) {
    at = event.at;
    if (at.stdout === 11 && at.stderr === 7) break; // which comes first is the disk's matter
  }
  assert.deepEqual(at, { stdout: 11, stderr: 7 });
  const next = reader(test, id, { stdout: 6, stderr: 7 });
  assert.deepEqual([await next(), await next()], ["running", "stdout@6:world"]);
  run.finish();
  assert.deepEqual([await next(), await next()], ["done", "end"]);
  const after = reader(test, id, at);
  assert.deepEqual([await after(), await after()], ["done", "end"]);
  const whole = reader(test, id);
  assert.deepEqual([await whole(), await whole(), await whole()], [
    "stdout@0:hello world",
    "stderr@0:warning",
    "done",
  ]);
});

Deno.test("much output comes in pieces, none of it missing", async () => {
  await using test = await testService();
  const { job_id: id } = await submitWhole(test.service, plainJob(1));
  const run = await test.runner.next();
  const bytes = new Uint8Array(300_001).map((_, i) => i * 7);
  for (let at = 0; at < bytes.length; at += 10_007) {
    run.write("stdout", bytes.subarray(at, at + 10_007));
  }
  run.finish();
  let have = 0;
  for await (const event of test.service.events(id, { signal })) {
    if (event.type !== "stdout") continue;
    assert.equal(event.offset, have);
    assert.ok(event.bytes.length <= jobServiceLimits.eventBytes);
    assert.deepEqual(event.bytes, bytes.subarray(have, have + event.bytes.length));
    have += event.bytes.length;
  }
  assert.equal(have, bytes.length);
});

Deno.test("output that starts again is told from the start again", async () => {
  await using test = await testService();
  const { job_id: id } = await submitWhole(test.service, plainJob(1));
  const next = reader(test, id);
  const first = await test.runner.next();
  assert.equal(await next(), "running");
  first.write("stdout", utf8.encode("half of"));
  assert.equal(await next(), "stdout@0:half of");
  first.fail(new Error("its process was killed"));
  const second = await test.runner.next();
  second.write("stdout", utf8.encode("all"));
  second.finish();
  const rest: string[] = [];
  for (let event = await next(); event !== "end"; event = await next()) rest.push(event);
  assert.ok(rest.includes("stdout@0:all"), rest.join());
  assert.equal(rest.at(-1), "done");
});

Deno.test("events end with their signal, with the service, and for no job at once", async () => {
  await using test = await testService();
  const { job_id: id } = await submitWhole(test.service, plainJob(1));
  const stop = new AbortController();
  const next = reader(test, id, undefined, stop.signal);
  assert.equal(await next(), "running");
  const waiting = next();
  stop.abort();
  assert.equal(await waiting, "end");
  await assert.rejects(reader(test, digestOf("no job"))(), { code: "not_found" });
  const other = reader(test, id);
  await other();
  const last = other();
  await test.restart();
  assert.equal(await last, "queued", "it will run again");
  assert.equal(await other(), "end");
});

Deno.test("waiting for a job ends with the job, or with the waiter's patience", async () => {
  await using test = await testService();
  const { service } = test;
  const { job_id: id } = await submitWhole(service, plainJob(1));
  const stop = new AbortController();
  const impatient = service.wait(id, { signal: stop.signal });
  const patient = Array.from({ length: 3 }, () => ended(service, id));
  stop.abort();
  assert.equal((await impatient)!.state, "running");
  (await test.runner.next()).finish();
  for (const status of await Promise.all(patient)) assert.equal(status.state, "done");
  assert.equal(await service.wait(digestOf("no job"), { signal }), undefined);
});
