import assert from "node:assert/strict";
import { makeQueue } from "../../../src/jobs/service/queue.ts";
import { makeNotices } from "../../../src/jobs/service/notices.ts";
import { makeRunner, type RunnerParts } from "../../../src/jobs/service/runner.ts";
import type { StoredJob } from "../../../src/jobs/service/store.ts";
import { systemDeps } from "../../../src/lib/deps.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { digestOf, testSubmitter } from "../../support/jobs.ts";
import { moduleBytes, plainJob } from "../../support/job_service.ts";
import { madeAt } from "../../support/manifests.ts";
import { tempDirectory } from "../../support/temp.ts";

/** A runner whose store and disk fail as the test wants; what happened to the one job is told. */
async function setUp(changes: Partial<RunnerParts> = {}) {
  const directory = await tempDirectory();
  const disk = { full: false };
  const told: string[] = [];
  const ended = Promise.withResolvers<void>();
  let job: StoredJob = {
    id: digestOf("a job"),
    submitter: testSubmitter.keyid,
    state: "queued",
    attempts: 0,
    cancelled: false,
    expiresAt: madeAt + 3_600_000,
    submittedAt: madeAt,
    stdoutSize: 0,
    stderrSize: 0,
  };
  const full = () => {
    if (disk.full) throw new PlasmdError("no_space", "database or disk is full");
  };
  const parts = {
    store: {
      find: () => job,
      spec: () => plainJob(1),
      start() {
        full();
        job = { ...job, state: "running", attempts: job.attempts + 1 };
      },
      queue(_id: string, _state: string, attempts: number) {
        full();
        told.push(`queued again after ${attempts}`);
        job = { ...job, state: "queued", attempts };
      },
    },
    blobs: { load: () => Promise.resolve(moduleBytes) },
    queue: makeQueue(),
    endings: {
      done() {
        full();
        told.push("done");
        ended.resolve();
      },
      fail(_job: StoredJob, state: string, { code }: { code: string }) {
        told.push(`${state}: ${code}`);
        ended.resolve();
      },
    },
    notices: makeNotices(),
    outputDirectory: directory.path,
    run: () => Promise.resolve({ completion: "exit", exitCode: 0 }),
    concurrency: () => 1,
    mayStart: () => true,
    ...changes,
  } as unknown as RunnerParts;
  const runner = makeRunner(parts, systemDeps());
  return {
    runner,
    told,
    disk,
    ended: ended.promise,
    job,
    parts,
    async [Symbol.asyncDispose]() {
      await runner[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a job whose start can't be written keeps its place, and starts when it can", async () => {
  await using test = await setUp();
  test.disk.full = true;
  test.runner.add(test.job);
  assert.deepEqual([test.runner.running, test.parts.queue.size], [0, 1]);
  test.runner.pump();
  assert.equal(test.runner.running, 0);
  test.disk.full = false;
  test.runner.pump();
  await test.ended;
  assert.deepEqual(test.told, ["done"]);
});

Deno.test("a job whose end can't be written is lost, not done", async () => {
  const run: RunnerParts["run"] = (_job, { write }) => {
    write("stdout", new Uint8Array(10));
    test.disk.full = true;
    return Promise.resolve({ completion: "exit", exitCode: 0 });
  };
  await using test = await setUp({ run });
  test.runner.add(test.job);
  await test.ended;
  assert.deepEqual(test.told, ["lost: no_space"]);
  assert.deepEqual([...Deno.readDirSync(test.parts.outputDirectory)], []);
});

Deno.test("a job that can't even be queued again is lost, and the runner goes on", async () => {
  const run: RunnerParts["run"] = () => {
    test.disk.full = true;
    return Promise.reject(new PlasmdError("failed", "the process broke"));
  };
  await using test = await setUp({ run });
  test.runner.add(test.job);
  await test.ended;
  assert.deepEqual(test.told, ["lost: no_space"]);
});

Deno.test("output that the disk refuses ends the run at once", async () => {
  const aborted = Promise.withResolvers<void>();
  const run: RunnerParts["run"] = async (_job, { write }, { signal }) => {
    Deno.removeSync(test.parts.outputDirectory, { recursive: true });
    signal.addEventListener("abort", () => aborted.resolve(), { once: true });
    write("stdout", new Uint8Array(10));
    await aborted.promise;
    return { completion: "cancelled", exitCode: 130 };
  };
  await using test = await setUp({ run });
  test.runner.add(test.job);
  await test.ended;
  assert.deepEqual(test.told, ["lost: io"]);
});

Deno.test("a runner that stops gives its jobs back, and starts no others", async () => {
  const started = Promise.withResolvers<void>();
  const run: RunnerParts["run"] = (_job, _io, { signal }) => {
    started.resolve();
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  };
  await using test = await setUp({ run });
  test.runner.add(test.job);
  await started.promise;
  await test.runner[Symbol.asyncDispose]();
  assert.deepEqual(test.told, ["queued again after 0"]);
  assert.deepEqual([test.runner.running, test.parts.queue.size], [0, 1]);
});
