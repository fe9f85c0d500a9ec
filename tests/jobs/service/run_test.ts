import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { sealJobCancel } from "../../../src/formats/job_cancel.ts";
import { openReceipt } from "../../../src/formats/receipt.ts";
import { machineArch } from "../../../src/formats/names.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { digestOf, testSubmitter, testWorker } from "../../support/jobs.ts";
import {
  ended,
  moduleBytes,
  otherSubmitter,
  plainJob,
  send,
  submitWhole,
  type TestService,
  testService,
} from "../../support/job_service.ts";

const utf8 = new TextEncoder();
const pinned = { worker: testWorker.keyid };

async function text(test: TestService, id: string, stream: "stdout" | "stderr"): Promise<string> {
  const output = test.service.output(id, stream)!;
  return new TextDecoder().decode(await output.read(0, output.size));
}

Deno.test("a job that ends has its output, and a receipt of the worker over all of it", async () => {
  await using test = await testService();
  const { service } = test;
  const { job_id: id } = await submitWhole(service, plainJob(1));
  assert.equal(service.receipt(id), undefined);
  const run = await test.runner.next();
  run.write("stdout", utf8.encode("hello "));
  run.write("stderr", utf8.encode("a warning\n"));
  run.write("stdout", utf8.encode("world\n"));
  test.clock.advance(2500);
  run.finish({ exitCode: 7 });
  const status = await ended(service, id);
  assert.deepEqual(status, {
    job_id: id,
    state: "done",
    missing: [],
    position: null,
    submitted_at: "2025-11-26T12:00:00Z",
    started_at: "2025-11-26T12:00:00Z",
    completed_at: "2025-11-26T12:00:02Z",
    completion: "exit",
    exit_code: 7,
    stdout: { size: 12, truncated: false },
    stderr: { size: 10, truncated: false },
    problem: null,
  });
  const { signatures: _, ...receipt } = openReceipt(service.receipt(id)!, pinned);
  assert.deepEqual(receipt, {
    receipt_version: 1,
    job_id: id,
    worker: testWorker.keyid,
    submitter: testSubmitter.keyid,
    module: digestOf(moduleBytes),
    exit_code: 7,
    completion: "exit",
    stdout: { hash: digestOf("hello world\n"), size: 12, truncated: false },
    stderr: { hash: digestOf("a warning\n"), size: 10, truncated: false },
    started_at: "2025-11-26T12:00:00Z",
    completed_at: "2025-11-26T12:00:02Z",
    runtime: "v8-wasi-0.1",
    arch: machineArch(),
  });
  assert.equal(await text(test, id, "stdout"), "hello world\n");
  assert.equal(await text(test, id, "stderr"), "a warning\n");
  const part = await service.output(id, "stdout")!.read(6, 11);
  assert.equal(new TextDecoder().decode(part), "world");
});

Deno.test("every other end has a receipt, too, and says when output was cut", async () => {
  await using test = await testService();
  const { service } = test;
  const ends = { trap: 134, timeout: 124, memory: 137, output: 1 } as const;
  for (const [i, [completion, exitCode]] of Object.entries(Object.entries(ends))) {
    const { job_id: id } = await submitWhole(service, plainJob(Number(i)));
    const run = await test.runner.next();
    run.write("stdout", utf8.encode("x"));
    run.finish({ completion: completion as keyof typeof ends, exitCode });
    const status = await ended(service, id);
    const receipt = openReceipt(service.receipt(id)!, pinned);
    assert.deepEqual([receipt.completion, receipt.exit_code], [completion, exitCode]);
    assert.equal(receipt.stdout.truncated, completion === "output");
    assert.equal(status.stderr.truncated, completion === "output");
  }
});

Deno.test("a component is told by its header", async () => {
  await using test = await testService();
  const { service } = test;
  const component = Uint8Array.of(0, 97, 115, 109, 13, 0, 1, 0);
  const { job_id: id } = await service.submit(plainJob(1, { module: digestOf(component) }));
  await send(service, id, component);
  (await test.runner.next()).finish();
  await ended(service, id);
  assert.equal(openReceipt(service.receipt(id)!, pinned).runtime, "v8-wasi-0.2");
});

Deno.test("no more jobs run at once than may, and others start as places come free", async () => {
  await using test = await testService({ concurrency: 2 });
  const { service } = test;
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push((await submitWhole(service, plainJob(i))).job_id);
  const [one, two] = [await test.runner.next(), await test.runner.next()];
  assert.deepEqual(ids.map((id) => service.status(id)!.state), [
    "running",
    "running",
    "queued",
    "queued",
  ]);
  assert.equal(test.runner.waiting, 0);
  one!.finish();
  const three = await test.runner.next();
  assert.equal(service.report().running, 2);
  two!.finish();
  three.finish();
  (await test.runner.next()).finish();
  for (const id of ids) assert.equal((await ended(service, id)).state, "done");
  assert.equal(service.report().ended.done, 4);
});

Deno.test("submitters take turns although one has sent many jobs first", async () => {
  await using test = await testService({ concurrency: 1 });
  const { service } = test;
  for (let i = 0; i < 4; i++) await submitWhole(service, plainJob(i));
  for (let i = 0; i < 2; i++) await submitWhole(service, plainJob(i, {}, otherSubmitter));
  const order: string[] = [];
  for (let i = 0; i < 6; i++) {
    const run = await test.runner.next();
    order.push(run.submitter === testSubmitter.keyid ? "a" : "b");
    run.finish();
  }
  assert.equal(order.join(""), "ababaa");
});

Deno.test("a module that is refused has no receipt, and the reason is told", async () => {
  await using test = await testService();
  const { service } = test;
  const { job_id: id } = await submitWhole(service, plainJob(1));
  const run = await test.runner.next();
  run.fail(new PlasmdError("module", "Cannot run the module: it wants \u001b[31mthreads"));
  const status = await ended(service, id);
  assert.equal(status.state, "refused");
  assert.deepEqual(status.problem, {
    code: "module",
    detail: "Cannot run the module: it wants \\u{1b}[31mthreads",
  });
  assert.equal(service.receipt(id), undefined);
  assert.equal(service.output(id, "stdout")!.size, 0);
});

Deno.test("a run that fails is tried again with clean output, and lost in the end", async () => {
  await using test = await testService();
  const { service } = test;
  const { job_id: id } = await submitWhole(service, plainJob(1));
  for (let attempt = 1; attempt <= 3; attempt++) {
    const run = await test.runner.next();
    run.write("stdout", utf8.encode("half of"));
    run.fail(new PlasmdError("failed", "A job process ended with 1 and said nothing"));
  }
  const status = await ended(service, id);
  assert.equal(status.state, "lost");
  assert.match(status.problem!.detail, /failed 3 times .* ended with 1/);
  assert.equal(status.problem!.code, "failed");
  assert.equal(test.runner.waiting, 0);

  const other = await submitWhole(service, plainJob(2));
  const first = await test.runner.next();
  first.write("stdout", utf8.encode("half of"));
  first.fail(new Error("broken"));
  const second = await test.runner.next();
  second.write("stdout", utf8.encode("all"));
  second.finish();
  assert.equal((await ended(service, other.job_id)).state, "done");
  assert.equal(await text(test, other.job_id, "stdout"), "all");
  assert.deepEqual((await fs.readdir(`${test.stateDir}/jobs/output`)).length, 1);
});

Deno.test("a running job is cancelled with what it wrote so far", async () => {
  await using test = await testService();
  const { service } = test;
  const { job_id: id } = await submitWhole(service, plainJob(1));
  const run = await test.runner.next();
  run.write("stdout", utf8.encode("so far"));
  await service.cancel(sealJobCancel(id, testSubmitter));
  assert.equal(run.signal.aborted, true);
  const status = await ended(service, id);
  assert.deepEqual([status.state, status.completion], ["done", "cancelled"]);
  assert.equal(openReceipt(service.receipt(id)!, pinned).stdout.hash, digestOf("so far"));
  assert.equal(await text(test, id, "stdout"), "so far");
});

Deno.test("a run that throws when it is cancelled is cancelled, not lost", async () => {
  const run = (_job: unknown, _io: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  await using test = await testService({ run });
  const { job_id: id } = await submitWhole(test.service, plainJob(1));
  await test.service.cancel(sealJobCancel(id, testSubmitter));
  const status = await ended(test.service, id);
  assert.deepEqual([status.state, status.completion], ["done", "cancelled"]);
});

Deno.test("a worker that ends a job nobody cancelled doesn't say that it was cancelled", async () => {
  await using test = await testService();
  const { job_id: id } = await submitWhole(test.service, plainJob(1));
  for (let i = 0; i < 3; i++) {
    (await test.runner.next()).finish({ completion: "cancelled", exitCode: 130 });
  }
  assert.equal((await ended(test.service, id)).state, "lost");
});

Deno.test("input that was changed on the disk is never run", async () => {
  await using test = await testService({ concurrency: 1 });
  const { service } = test;
  await submitWhole(service, plainJob(1));
  const next = await submitWhole(service, plainJob(2));
  const first = await test.runner.next();
  const blobs = `${test.stateDir}/jobs/blobs`;
  const [own] = await fs.readdir(blobs);
  const [name] = await fs.readdir(`${blobs}/${own}`);
  await Deno.writeTextFile(`${blobs}/${own}/${name}`, "evil");
  first.finish();
  const status = await ended(service, next.job_id);
  assert.equal(status.state, "lost");
  assert.equal(status.problem!.code, "mismatch");
  assert.equal(test.runner.waiting, 0);
  const again = await service.submit(plainJob(3));
  assert.equal(again.state, "waiting", "it has to be sent again");
});

Deno.test("what is written is for the eyes of the service's user only", async () => {
  await using test = await testService();
  const { job_id: id } = await submitWhole(test.service, plainJob(1));
  const run = await test.runner.next();
  run.write("stdout", utf8.encode("secret"));
  run.finish();
  await ended(test.service, id);
  const seen: string[] = [];
  const look = async (path: string) => {
    const stat = await fs.stat(path);
    assert.equal(stat.mode & 0o777, stat.isDirectory() ? 0o700 : 0o600, path);
    seen.push(path);
    if (stat.isDirectory()) {
      for (const name of await fs.readdir(path)) await look(`${path}/${name}`);
    }
  };
  await look(`${test.stateDir}/jobs`);
  assert.ok(seen.length >= 9, seen.join("\n"));
});
