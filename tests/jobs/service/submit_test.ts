import assert from "node:assert/strict";
import { sealJobCancel } from "../../../src/formats/job_cancel.ts";
import { canonicalBytes } from "../../../src/formats/json.ts";
import { jobServiceLimits } from "../../../src/lib/limits.ts";
import { digestOf, nonceOf, signedJob, testSubmitter } from "../../support/jobs.ts";
import {
  ended,
  moduleBytes,
  otherSubmitter,
  plainJob,
  send,
  submitWhole,
  testService,
} from "../../support/job_service.ts";
import { testIdentity } from "../../support/manifests.ts";

Deno.test("a job waits for what it misses, and is queued when the last of it is there", async () => {
  await using test = await testService();
  const { service } = test;
  const [module, file] = [digestOf(moduleBytes), digestOf("a file")];
  const spec = signedJob({ module, stdin: null, files: { "in.txt": file, "copy.txt": file } });
  const status = await service.submit(spec);
  assert.equal(status.state, "waiting");
  assert.deepEqual([...status.missing].sort(), [module, file].sort());
  assert.equal(status.submitted_at, "2025-11-26T12:00:00Z");
  assert.deepEqual([status.position, status.started_at, status.problem], [null, null, null]);
  await send(service, status.job_id, "a file");
  assert.deepEqual(service.status(status.job_id)!.missing, [module]);
  await send(service, status.job_id, moduleBytes);
  assert.equal(service.status(status.job_id)!.state, "running");
  const run = await test.runner.next();
  assert.deepEqual(run.job.args, ["module", "one", "two words"]);
  assert.deepEqual(run.job.env, [["LANG", "C"]]);
  assert.deepEqual([...run.job.files.keys()].sort(), ["copy.txt", "in.txt"]);
  assert.deepEqual(run.job.files.get("in.txt"), new TextEncoder().encode("a file"));
  assert.deepEqual(run.job.module, moduleBytes);
  assert.equal(run.job.stdin.length, 0);
  assert.deepEqual(run.job.limits, { wallMs: 60_000, memoryBytes: 64 << 20, outputBytes: 1 << 20 });
  assert.equal(run.job.deterministic, true);
  assert.equal(run.submitter, testSubmitter.keyid);
  run.finish();
  await ended(service, status.job_id);
});

Deno.test("the same job twice is one job, whatever became of it", async () => {
  await using test = await testService();
  const { service } = test;
  const spec = plainJob(1);
  const [one, two] = await Promise.all([service.submit(spec), service.submit(spec)]);
  assert.deepEqual(one, two);
  await submitWhole(service, spec);
  (await test.runner.next()).finish({ exitCode: 3 });
  const done = await ended(service, one.job_id);
  assert.deepEqual(await service.submit(spec), done);
  assert.equal(done.exit_code, 3);
  test.clock.advance(86_400_000);
  assert.deepEqual(await service.submit(spec), done, "after it expired, too");
  assert.equal(test.runner.waiting, 0);
});

Deno.test("who isn't allowed, or means another worker, is told so", async () => {
  await using test = await testService();
  const { service } = test;
  const stranger = testIdentity(9);
  await assert.rejects(service.submit(plainJob(1, {}, stranger)), {
    code: "forbidden",
    message: new RegExp(`runs no jobs of ${stranger.keyid}`),
  });
  await assert.rejects(service.submit(plainJob(1, { worker: stranger.keyid })), {
    code: "wrong_target",
    message: /meant for another worker/,
  });
  const job = JSON.parse(new TextDecoder().decode(plainJob(1)));
  await assert.rejects(service.submit(canonicalBytes({ ...job, args: ["altered"] })), {
    code: "untrusted",
  });
  await assert.rejects(service.submit(new Uint8Array([1])), { code: "malformed" });
  assert.equal(service.report().waiting, 0);
});

Deno.test("a job that expired, or is valid for too long, is refused", async () => {
  await using test = await testService();
  const { service } = test;
  const at = (expires_at: string) => service.submit(plainJob(1, { expires_at }));
  await assert.rejects(at("2025-11-26T12:00:00Z"), { code: "expired" });
  await assert.rejects(at("2025-11-27T12:10:01Z"), { code: "not_yet_valid" });
  assert.equal((await at("2025-11-27T12:10:00Z")).state, "waiting");
  assert.equal((await at("2025-11-26T12:00:01Z")).state, "waiting");
});

Deno.test("a job that asks for more than is given is refused, and the limit is named", async () => {
  const limits = { wallMs: 1000, memoryBytes: 1 << 20, outputBytes: 100 };
  await using test = await testService({ limits });
  const most = { wall_ms: 1000, memory_bytes: 1 << 20, output_bytes: 100 };
  assert.equal((await test.service.submit(plainJob(1, { limits: most }))).state, "waiting");
  for (const name of ["wall_ms", "memory_bytes", "output_bytes"] as const) {
    const over = { ...most, [name]: most[name] + 1 };
    await assert.rejects(test.service.submit(plainJob(2, { limits: over })), {
      code: "too_large",
      message: new RegExp(name),
    });
  }
});

Deno.test("one submitter fills its own part of the queue only", async () => {
  await using test = await testService();
  const { service } = test;
  const { queuedPerSubmitter } = jobServiceLimits;
  for (let i = 0; i < queuedPerSubmitter; i++) await service.submit(plainJob(i));
  await assert.rejects(service.submit(plainJob(queuedPerSubmitter)), {
    code: "too_many",
    message: /256 jobs of yours/,
  });
  assert.equal((await service.submit(plainJob(0))).state, "waiting", "the same job is no new one");
  assert.equal((await service.submit(plainJob(0, {}, otherSubmitter))).state, "waiting");
});

Deno.test("a stranger can't cancel, and its submitter can, in every state", async () => {
  await using test = await testService({ concurrency: 1 });
  const { service } = test;
  const ids: string[] = [];
  for (let i = 0; i < 2; i++) ids.push((await submitWhole(service, plainJob(i))).job_id);
  ids.push((await service.submit(plainJob(2, { module: digestOf("not there") }))).job_id);
  const states = () => ids.map((id) => service.status(id)!.state);
  assert.deepEqual(states(), ["running", "queued", "waiting"]);
  for (const id of ids) {
    await assert.rejects(service.cancel(sealJobCancel(id, otherSubmitter)), { code: "forbidden" });
  }
  assert.deepEqual(states(), ["running", "queued", "waiting"]);
  const unknown = sealJobCancel(digestOf("no job"), testSubmitter);
  await assert.rejects(service.cancel(unknown), { code: "not_found" });
  for (const id of ids) {
    await service.cancel(sealJobCancel(id, testSubmitter));
    const status = await ended(service, id);
    assert.deepEqual([status.state, status.completion, status.exit_code], [
      "done",
      "cancelled",
      130,
    ]);
    const again = await service.cancel(sealJobCancel(id, testSubmitter));
    assert.deepEqual(again, status, "what has ended stays as it is");
  }
});

Deno.test("the order of the queue is told", async () => {
  await using test = await testService({ concurrency: 1 });
  const { service } = test;
  const first = await submitWhole(service, plainJob(0));
  const mine = await submitWhole(service, plainJob(1));
  const second = await submitWhole(service, plainJob(2));
  const theirs = await submitWhole(service, plainJob(1, {}, otherSubmitter));
  const positions = () =>
    [mine, second, theirs].map(({ job_id }) => service.status(job_id)!.position);
  assert.deepEqual(positions(), [1, 2, 0]);
  (await test.runner.next()).finish();
  await ended(service, first.job_id);
  const run = await test.runner.next();
  assert.equal(run.submitter, otherSubmitter.keyid);
  assert.deepEqual(positions(), [0, 1, null]);
});

Deno.test("counts say how busy it is, and nothing about whose jobs they are", async () => {
  await using test = await testService({ concurrency: 2 });
  const { service } = test;
  assert.equal(service.report().load, 0);
  for (let i = 0; i < 3; i++) await submitWhole(service, plainJob(i));
  await service.submit(plainJob(9, { module: digestOf("not there"), nonce: nonceOf(9) }));
  const report = service.report();
  assert.deepEqual(
    [report.running, report.queued, report.waiting, report.load, report.blobBytes],
    [2, 1, 1, 75, moduleBytes.length],
  );
  assert.doesNotMatch(JSON.stringify(report), /ed25519|sha256/);
});
