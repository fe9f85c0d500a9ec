import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { openReceipt } from "../../../src/formats/receipt.ts";
import { openDatabase } from "../../../src/jobs/service/database.ts";
import { jobServiceLimits } from "../../../src/lib/limits.ts";
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
import { sealJobCancel } from "../../../src/formats/job_cancel.ts";

const utf8 = new TextEncoder();

/** Changes the state of a service that is down, as a crash would have left it. */
async function crashed(test: TestService, ...statements: string[]): Promise<void> {
  await test.service[Symbol.asyncDispose]();
  using database = await openDatabase(`${test.stateDir}/jobs/jobs.sqlite`);
  for (const statement of statements) database.run(statement);
}

Deno.test("jobs wait, are queued and have ended as before, after a restart", async () => {
  await using test = await testService({ concurrency: 1 });
  const done = await submitWhole(test.service, plainJob(1));
  const run = await test.runner.next();
  run.write("stdout", utf8.encode("kept"));
  run.finish({ exitCode: 4 });
  const before = await ended(test.service, done.job_id);
  const receipt = test.service.receipt(done.job_id);
  const running = await submitWhole(test.service, plainJob(2));
  const queued = await submitWhole(test.service, plainJob(3));
  const waiting = await test.service.submit(plainJob(4, { module: digestOf("not there") }));
  await test.restart();
  const { service } = test;
  assert.deepEqual(service.status(done.job_id), before);
  assert.deepEqual(service.receipt(done.job_id), receipt);
  const output = service.output(done.job_id, "stdout")!;
  assert.equal(new TextDecoder().decode(await output.read(0, output.size)), "kept");
  assert.deepEqual(service.status(waiting.job_id), waiting);
  assert.equal(service.status(running.job_id)!.state, "running");
  assert.equal(service.status(queued.job_id)!.state, "queued");
  assert.equal(service.report().kept, 1);
  assert.equal(service.report().outputBytes, 4);
});

Deno.test("a job that ran when the service was stopped runs again, as often as it is stopped", async () => {
  await using test = await testService();
  const { job_id: id } = await submitWhole(test.service, plainJob(1));
  for (let i = 0; i < jobServiceLimits.attempts + 2; i++) {
    const run = await test.runner.next();
    run.write("stdout", utf8.encode("half"));
    await test.restart();
  }
  const run = await test.runner.next();
  run.write("stdout", utf8.encode("all of it"));
  run.finish();
  await ended(test.service, id);
  assert.equal(openReceipt(test.service.receipt(id)!, { worker: testWorker.keyid }).stdout.size, 9);
});

Deno.test("a job that was killed runs again, and is lost when it was killed too often", async () => {
  await using test = await testService();
  const { job_id: id } = await submitWhole(test.service, plainJob(1));
  for (let attempt = 1; attempt < jobServiceLimits.attempts; attempt++) {
    await test.runner.next();
    await crashed(test, `UPDATE jobs SET state = 'running', attempts = ${attempt}`);
    await fs.writeFile(`${test.stateDir}/jobs/output/${id.slice(7)}.stdout`, "of a dead run");
    await test.restart();
    assert.equal(test.service.status(id)!.state, "running");
    assert.equal(test.service.output(id, "stdout")!.size, 0);
  }
  await test.runner.next();
  await crashed(test, "UPDATE jobs SET state = 'running', attempts = 3");
  await test.restart();
  const status = test.service.status(id)!;
  assert.equal(status.state, "lost");
  assert.match(status.problem!.detail, /ended 3 times while the job ran/);
  assert.equal(test.service.receipt(id), undefined);
  assert.deepEqual(await fs.readdir(`${test.stateDir}/jobs/output`), []);
  assert.equal(test.runner.waiting, 0);
  assert.deepEqual(await test.service.submit(plainJob(1)), status, "it doesn't run again");
});

Deno.test("a job that was to be cancelled when the worker died is cancelled", async () => {
  await using test = await testService();
  const { job_id: id } = await submitWhole(test.service, plainJob(1));
  await test.runner.next();
  await crashed(test, "UPDATE jobs SET state = 'running', attempts = 1, cancelled = 1");
  await test.restart();
  const status = test.service.status(id)!;
  assert.deepEqual([status.state, status.completion], ["done", "cancelled"]);
  const receipt = openReceipt(test.service.receipt(id)!, { worker: testWorker.keyid });
  assert.deepEqual([receipt.runtime, receipt.stdout.size], ["none", 0]);
  assert.deepEqual(await test.service.cancel(sealJobCancel(id, testSubmitter)), status);
});

Deno.test("files that belong to nothing are gone, and rows whose file is gone as well", async () => {
  await using test = await testService();
  const { job_id: id } = await test.service.submit(plainJob(1, {
    files: { a: digestOf("a file"), b: digestOf("another") },
  }));
  await send(test.service, id, "a file");
  await send(test.service, id, "another");
  await test.service[Symbol.asyncDispose]();
  const jobs = `${test.stateDir}/jobs`;
  const own = `${jobs}/blobs/${testSubmitter.keyid.slice(8)}`;
  await fs.rm(`${own}/${digestOf("another").slice(7)}`);
  await fs.writeFile(`${own}/${"ab".repeat(32)}`, "of nobody");
  await fs.writeFile(`${jobs}/output/${"ab".repeat(32)}.stdout`, "of nobody");
  await fs.writeFile(`${jobs}/output/strange`, "of nobody");
  await fs.writeFile(`${jobs}/uploads/${"ab".repeat(32)}-${"cd".repeat(32)}.part`, "of nobody");
  await test.restart();
  assert.deepEqual(await fs.readdir(own), [digestOf("a file").slice(7)]);
  assert.deepEqual(await fs.readdir(`${jobs}/output`), []);
  assert.deepEqual(await fs.readdir(`${jobs}/uploads`), []);
  const missing = test.service.status(id)!.missing;
  assert.deepEqual([...missing].sort(), [digestOf("another"), digestOf(moduleBytes)].sort());
});

Deno.test("a queued job whose input is gone waits for it again", async () => {
  await using test = await testService({ concurrency: 1 });
  await submitWhole(test.service, plainJob(1));
  const { job_id: id } = await submitWhole(test.service, plainJob(2));
  await crashed(test, "DELETE FROM blobs");
  await test.restart();
  assert.deepEqual(test.service.status(id)!.missing, [digestOf(moduleBytes)]);
  await send(test.service, id, moduleBytes);
  for (let i = 0; i < 2; i++) (await test.runner.next()).finish();
  assert.equal((await ended(test.service, id)).state, "done");
});

Deno.test("a submitter who is taken off the list has no job started any more", async () => {
  await using test = await testService({ concurrency: 1 });
  const { service } = test;
  const limits = { wallMs: 60_000, memoryBytes: 1 << 30, outputBytes: 16 << 20 };
  const running = await submitWhole(service, plainJob(1));
  const queued = await submitWhole(service, plainJob(2));
  const waiting = await service.submit(plainJob(3, { stdin: digestOf("not there") }));
  const theirs = await submitWhole(service, plainJob(1, {}, otherSubmitter));
  service.reload({ allow: [otherSubmitter.keyid], concurrency: 2, limits });
  for (const { job_id } of [queued, waiting]) {
    const { state, problem } = service.status(job_id)!;
    assert.deepEqual([state, problem!.code], ["refused", "forbidden"]);
  }
  assert.equal(service.status(running.job_id)!.state, "running", "what runs goes on");
  assert.equal(service.status(theirs.job_id)!.state, "running", "one more may run");
  await assert.rejects(service.submit(plainJob(9)), { code: "forbidden" });
  const asks = { wall_ms: 2000, memory_bytes: 1 << 20, output_bytes: 10 };
  service.reload({
    allow: [otherSubmitter.keyid],
    concurrency: 1,
    limits: { ...limits, wallMs: 1000 },
  });
  const large = service.submit(plainJob(9, { limits: asks }, otherSubmitter));
  await assert.rejects(large, { code: "too_large", message: /wall_ms is 2000/ });
  assert.throws(() => service.reload({ allow: [], concurrency: 0, limits }), { code: "config" });
});

Deno.test("waiters are told when the service stops", async () => {
  await using test = await testService();
  const { job_id: id } = await submitWhole(test.service, plainJob(1));
  const waiting = ended(test.service, id);
  await test.restart();
  assert.equal((await waiting).state, "queued", "it will run again");
});
