import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { jobLimits, jobServiceLimits } from "../../../src/lib/limits.ts";
import { digestOf, testSubmitter } from "../../support/jobs.ts";
import {
  bodyOf,
  ended,
  moduleBytes,
  otherSubmitter,
  plainJob,
  send,
  submitWhole,
  type TestService,
  testService,
} from "../../support/job_service.ts";

const signal = new AbortController().signal;
const utf8 = new TextEncoder();
const secret = utf8.encode("what only its owner knows");

function jobWith(nonce: number, file: Uint8Array | string, identity = testSubmitter) {
  return plainJob(nonce, { files: { "in.txt": digestOf(file) } }, identity);
}

/** All files under the service's directory that hold input. */
async function inputFiles({ stateDir }: TestService): Promise<string[]> {
  const names: string[] = [];
  for (const part of ["blobs", "uploads"]) {
    for (const name of await fs.readdir(`${stateDir}/jobs/${part}`, { recursive: true })) {
      if (/\/|\.part$/.test(name)) names.push(`${part}/${name}`);
    }
  }
  return names;
}

Deno.test("only what a waiting job misses is taken", async () => {
  await using test = await testService();
  const { service } = test;
  await assert.rejects(send(service, undefined, "unasked"), { code: "not_found" });
  await assert.rejects(send(service, digestOf("no job"), "unasked"), { code: "not_found" });
  const { job_id: id } = await service.submit(jobWith(1, "asked"));
  await assert.rejects(send(service, id, "unasked"), { code: "not_found" });
  await send(service, id, "asked");
  await send(service, id, "asked"); // there already
  await send(service, undefined, moduleBytes);
  (await test.runner.next()).finish();
  await ended(service, id);
  await assert.rejects(send(service, id, "asked"), { code: "not_found" });
});

Deno.test("bytes that aren't those of the digest, too few or too many leave nothing", async () => {
  await using test = await testService();
  const { service } = test;
  const { job_id: job } = await service.submit(jobWith(1, secret));
  const digest = digestOf(secret);
  const put = (size: number, bytes: Uint8Array) =>
    service.put(digest, size, bodyOf(bytes), { signal, job });
  const other = utf8.encode("what somebody else thinks");
  await assert.rejects(put(secret.length, other), { code: "mismatch", message: /not those/ });
  await assert.rejects(put(secret.length + 1, secret), { code: "mismatch", message: /25 B came/ });
  await assert.rejects(put(secret.length - 1, secret), { code: "mismatch", message: /more came/ });
  assert.deepEqual(await inputFiles(test), []);
  assert.ok(service.status(job)!.missing.includes(digest));
  await put(secret.length, secret);
  assert.ok(!service.status(job)!.missing.includes(digest));
});

Deno.test("a body that never ends is not listened to", async () => {
  await using test = await testService();
  const { job_id: job } = await test.service.submit(jobWith(1, secret));
  let sent = 0;
  const endless = async function* () {
    while (true) yield new Uint8Array(++sent * 10);
  };
  const put = test.service.put(digestOf(secret), secret.length, endless(), { signal, job });
  await assert.rejects(put, { code: "mismatch" });
  assert.ok(sent <= 3);
});

Deno.test("somebody who knows a digest doesn't get the file, nor lets others send it", async () => {
  await using test = await testService({ concurrency: 1 });
  const { service } = test;
  const owner = await service.submit(jobWith(1, secret));
  await send(service, owner.job_id, secret);
  const thief = await service.submit(jobWith(1, secret, otherSubmitter));
  assert.ok(thief.missing.includes(digestOf(secret)), "it has to send the bytes itself");

  // Without the job named it might be the owner who sends: that must not feed the thief's job.
  await assert.rejects(send(service, undefined, secret), {
    code: "precondition",
    hint: /\?job=/,
  });
  await send(service, owner.job_id, secret);
  assert.ok(service.status(thief.job_id)!.missing.includes(digestOf(secret)));
  await send(service, thief.job_id, secret);
  assert.ok(!service.status(thief.job_id)!.missing.includes(digestOf(secret)));
});

Deno.test("two who wait for the same file have to say whose it is", async () => {
  await using test = await testService();
  const { service } = test;
  const jobs = [
    await service.submit(jobWith(1, secret)),
    await service.submit(jobWith(1, secret, otherSubmitter)),
  ];
  await assert.rejects(send(service, undefined, secret), { code: "precondition" });
  await send(service, jobs[0]!.job_id, secret);
  assert.ok(service.status(jobs[1]!.job_id)!.missing.includes(digestOf(secret)));
});

Deno.test("one upload serves all waiting jobs of its submitter, sent twice at once or not", async () => {
  await using test = await testService();
  const { service } = test;
  const jobs = await Promise.all([1, 2, 3].map((n) => service.submit(plainJob(n))));
  await Promise.all(jobs.map(({ job_id }) => send(service, job_id, moduleBytes)));
  for (const { job_id } of jobs) assert.notEqual(service.status(job_id)!.state, "waiting");
  assert.equal(service.report().blobBytes, moduleBytes.length);
});

Deno.test("a module and the input of a job have their limits", async () => {
  await using test = await testService();
  const { service } = test;
  const { job_id: job } = await service.submit(jobWith(1, secret));
  const nothing = bodyOf("");
  const put = (digest: string, size: number) => service.put(digest, size, nothing, { signal, job });
  await assert.rejects(put(digestOf(moduleBytes), jobLimits.moduleBytes + 1), {
    code: "too_large",
    message: /64 MiB/,
  });
  const most = jobServiceLimits.jobInputBytes;
  await send(service, job, moduleBytes);
  await assert.rejects(put(digestOf(secret), most - moduleBytes.length + 1), { code: "too_large" });
  await assert.rejects(put(digestOf(secret), most - moduleBytes.length), { code: "mismatch" });
});

Deno.test("parts come in order, and an upload goes on where it was", async () => {
  await using test = await testService();
  const { service } = test;
  const { job_id: job } = await service.submit(jobWith(1, secret));
  const digest = digestOf(secret);
  const size = secret.length;
  const part = (start: number, end: number) =>
    service.putRange(digest, { start, size }, secret.subarray(start, end), { signal, job });
  await assert.rejects(part(5, 10), { code: "range", message: /starts at 0/ });
  assert.deepEqual(await part(0, 10), { have: 10, complete: false });
  await assert.rejects(part(5, 10), { code: "range", message: /starts at 10/ });
  await assert.rejects(part(12, 14), { code: "range" });
  assert.deepEqual(await service.progress(digest, { job }), { have: 10, complete: false });
  await test.restart();
  assert.deepEqual(await test.service.progress(digest, { job }), { have: 10, complete: false });
  const rest = (start: number, end: number) =>
    test.service.putRange(digest, { start, size }, secret.subarray(start, end), { signal, job });
  assert.deepEqual(await rest(10, 20), { have: 20, complete: false });
  assert.deepEqual(await rest(20, size), { have: size, complete: true });
  assert.deepEqual(await rest(0, 5), { have: size, complete: true }, "it is there");
  assert.ok(!test.service.status(job)!.missing.includes(digest));
});

Deno.test("parts that don't make the digest are thrown away, and so are those beyond", async () => {
  await using test = await testService();
  const { service } = test;
  const { job_id: job } = await service.submit(jobWith(1, secret));
  const digest = digestOf(secret);
  const part = (start: number, bytes: Uint8Array, size = secret.length) =>
    service.putRange(digest, { start, size }, bytes, { signal, job });
  await part(0, secret.subarray(0, 20));
  await assert.rejects(part(20, utf8.encode("other")), { code: "mismatch" });
  assert.deepEqual(await inputFiles(test), []);
  assert.deepEqual(await service.progress(digest, { job }), { have: 0, complete: false });
  await assert.rejects(part(0, utf8.encode("x".repeat(26))), { code: "malformed" });
  await part(0, secret.subarray(0, 20));
  await part(0, secret.subarray(0, 10)); // from the start
  await assert.rejects(part(10, secret.subarray(10), secret.length + 5), { code: "range" });
  assert.equal((await part(10, secret.subarray(10))).complete, true);
});

Deno.test("a quota is each submitter's own, and what no job needs makes way", async () => {
  await using test = await testService();
  const { service } = test;
  await submitWhole(service, plainJob(1));
  (await test.runner.next()).finish();
  assert.equal(service.report().blobBytes, moduleBytes.length);
  // Eight uploads of the largest size fill the quota of 2 GiB; nothing of it is written yet.
  const size = jobServiceLimits.jobInputBytes - moduleBytes.length;
  const begin = async (n: number, identity = testSubmitter) => {
    const { job_id: job } = await service.submit(jobWith(n, `file ${n}`, identity));
    return await service.putRange(
      digestOf(`file ${n}`),
      { start: 0, size },
      utf8.encode("f"),
      { signal, job },
    );
  };
  for (let n = 2; n < 10; n++) await begin(n);
  await assert.rejects(begin(10), { code: "too_many", message: /no room for 256 MiB/ });
  await begin(11, otherSubmitter);
});

Deno.test("a submitter has so many uploads at one time", async () => {
  await using test = await testService();
  const { service } = test;
  const begin = async (n: number) => {
    const { job_id: job } = await service.submit(jobWith(n, `file ${n}`));
    await service.putRange(digestOf(`file ${n}`), { start: 0, size: 6 }, utf8.encode("f"), {
      signal,
      job,
    });
  };
  for (let n = 0; n < jobServiceLimits.uploadsPerSubmitter; n++) await begin(n);
  await assert.rejects(begin(99), { code: "too_many", message: /uploads at one time/ });
});

Deno.test("an upload that stops, and input that nobody needs, are swept away in time", async () => {
  await using test = await testService();
  const { service } = test;
  const { job_id: job } = await service.submit(jobWith(1, secret));
  await service.putRange(digestOf(secret), { start: 0, size: 25 }, secret.subarray(0, 5), {
    signal,
    job,
  });
  await send(service, job, moduleBytes);
  assert.equal((await inputFiles(test)).length, 2);
  await test.pass(jobServiceLimits.uploadIdleMs + 1);
  assert.deepEqual(await service.progress(digestOf(secret), { job }), { have: 0, complete: false });
  assert.equal((await inputFiles(test)).length, 1, "a live job needs the module");
  await test.pass(3_600_000); // now the job has expired
  assert.equal(service.status(job)!.state, "lost");
  await test.pass(jobServiceLimits.blobIdleMs);
  assert.deepEqual(await inputFiles(test), []);
  assert.equal(service.report().blobBytes, 0);
});

Deno.test("an upload ends with its signal, and with the service", async () => {
  await using test = await testService();
  const { service } = test;
  const { job_id: job } = await service.submit(jobWith(1, secret));
  const silent = async function* (): AsyncIterable<Uint8Array> {
    yield secret.subarray(0, 3);
    await new Promise<never>(() => {});
  };
  const stop = new AbortController();
  const options = { signal: stop.signal, job };
  const one = service.put(digestOf(secret), secret.length, silent(), options);
  stop.abort();
  await assert.rejects(one, { code: "cancelled" });
  assert.deepEqual(await inputFiles(test), []);
  const two = service.put(digestOf(secret), secret.length, silent(), { signal, job });
  const refused = assert.rejects(two, { code: "cancelled" });
  await test.restart();
  await refused;
  await assert.rejects(service.put(digestOf(secret), 1, bodyOf("x"), { signal, job }), {
    code: "cancelled",
  });
});
