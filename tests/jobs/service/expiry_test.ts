import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { jobServiceLimits as limits } from "../../../src/lib/limits.ts";
import { openDatabase } from "../../../src/jobs/service/database.ts";
import { digestOf, testSubmitter } from "../../support/jobs.ts";
import {
  ended,
  otherSubmitter,
  plainJob,
  submitWhole,
  type TestService,
  testService,
} from "../../support/job_service.ts";

const hour = 3_600_000;

async function runOne(test: TestService, nonce: number, text = "output"): Promise<string> {
  const { job_id: id } = await submitWhole(test.service, plainJob(nonce));
  const run = await test.runner.next();
  run.write("stdout", new TextEncoder().encode(text));
  run.finish();
  await ended(test.service, id);
  return id;
}

Deno.test("a job that has not started when it expires is lost, and says so", async () => {
  await using test = await testService({ concurrency: 1 });
  const { service } = test;
  const running = await submitWhole(service, plainJob(1));
  const queued = await submitWhole(service, plainJob(2));
  const waiting = await service.submit(plainJob(3, { stdin: digestOf("not there") }));
  await test.pass(hour);
  for (const { job_id } of [queued, waiting]) {
    const { state, problem } = service.status(job_id)!;
    assert.deepEqual([state, problem!.code], ["lost", "expired"]);
  }
  (await test.runner.next()).finish();
  assert.equal((await ended(service, running.job_id)).state, "done", "it had started in time");
  assert.equal(service.report().queued, 0);
});

Deno.test("a job that expires between two looks is not started", async () => {
  await using test = await testService({ concurrency: 1 });
  const { service, clock } = test;
  await submitWhole(service, plainJob(1));
  const { job_id: id } = await submitWhole(service, plainJob(2));
  clock.set(clock.now() + hour);
  (await test.runner.next()).finish();
  assert.equal((await ended(service, id)).problem!.code, "expired");
  assert.equal(test.runner.waiting, 0);
});

Deno.test("a job doesn't wait for its input for ever", async () => {
  await using test = await testService();
  const expires_at = "2025-11-27T11:00:00Z";
  const { job_id: id } = await test.service.submit(plainJob(1, { expires_at }));
  await test.pass(limits.waitingMs - limits.sweepMs);
  assert.equal(test.service.status(id)!.state, "waiting");
  await test.pass(limits.sweepMs);
  const { state, problem } = test.service.status(id)!;
  assert.deepEqual([state, problem!.code], ["lost", "timeout"]);
});

Deno.test("a result is kept for a week, longer than its job is valid, and then forgotten", async () => {
  await using test = await testService();
  const id = await runOne(test, 1);
  await test.pass(24 * hour);
  await test.pass(5 * 24 * hour);
  assert.equal(test.service.status(id)!.state, "done");
  await test.pass(24 * hour);
  assert.equal(test.service.status(id), undefined);
  assert.equal(test.service.output(id, "stdout"), undefined);
  assert.equal(test.service.receipt(id), undefined);
  assert.deepEqual(await fs.readdir(`${test.stateDir}/jobs/output`), []);
  assert.deepEqual([test.service.report().kept, test.service.report().outputBytes], [0, 0]);
  await assert.rejects(test.service.submit(plainJob(1)), { code: "expired" }, "nor run again");
});

Deno.test("where there is no room the oldest results go, but none that is still valid", async () => {
  await using test = await testService();
  const first = await runOne(test, 1);
  // Results of an hour ago, as many as are kept of one submitter.
  await test.service[Symbol.asyncDispose]();
  {
    using database = await openDatabase(`${test.stateDir}/jobs/jobs.sqlite`);
    const now = test.clock.now();
    database.run(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most)
        INSERT INTO jobs (id, submitter, state, expires_at, submitted_at, completed_at)
        SELECT printf('sha256:%064d', i), :submitter, 'done', :expires, :then, :then + i FROM n`,
      {
        most: limits.keptPerSubmitter,
        submitter: testSubmitter.keyid,
        expires: now + hour,
        then: now - hour,
      },
    );
  }
  await test.restart();
  const { service } = test;
  assert.equal(service.report().kept, limits.keptPerSubmitter + 1);
  await assert.rejects(service.submit(plainJob(2)), {
    code: "too_many",
    message: /Too many results are kept/,
  });
  assert.equal((await service.submit(plainJob(2, {}, otherSubmitter))).state, "waiting");
  test.clock.set(test.clock.now() + 2 * hour);
  const { job_id: id } = await service.submit(plainJob(3, { expires_at: "2025-11-26T15:00:00Z" }));
  assert.equal(service.status(id)!.state, "running");
  assert.equal(service.status(`sha256:${"1".padStart(64, "0")}`), undefined, "the oldest went");
  assert.equal(service.status(first)!.state, "done", "the newest is there");
  assert.equal(service.report().kept, limits.keptPerSubmitter - 99);
});
