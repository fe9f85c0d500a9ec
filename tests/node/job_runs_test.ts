import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobOutcome } from "../../src/jobs/job.ts";
import type { JobWriter } from "../../src/jobs/run_module.ts";
import type { RunJob } from "../../src/jobs/service/types.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { jobLimits } from "../../src/lib/limits.ts";
import { remoteRuns, serveRuns } from "../../src/node/job_runs.ts";
import { fakeRunner } from "../support/job_service.ts";
import { bareJob } from "../support/job_processes.ts";

const someJob = () => bareJob(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));

/** Both ends of a port, and the runner behind it. */
function place(run?: RunJob) {
  const runner = fakeRunner();
  const { port1, port2 } = new MessageChannel();
  const served = serveRuns(port1, run ?? runner.run);
  return {
    runner,
    port: port2,
    served,
    [Symbol.dispose]() {
      served[Symbol.dispose]();
      port2.close();
    },
  };
}

function start(run: RunJob, write: JobWriter = () => {}) {
  const stop = new AbortController();
  const outcome = run(someJob(), { write }, { signal: stop.signal, submitter: "me" });
  outcome.catch(() => {}); // looked at later
  return { stop, outcome };
}

/** What the other end says next. */
function answer(port: MessagePort): Promise<{ type: string; id: number; error?: unknown }> {
  const { promise, resolve } = Promise.withResolvers<{ type: string; id: number }>();
  port.addEventListener("message", ({ data }) => resolve(data), { once: true });
  port.start();
  return promise;
}

Deno.test("a job, its output and its outcome cross the port", async () => {
  using there = place();
  const written: string[] = [];
  const { outcome } = start(
    remoteRuns(there.port),
    (stream, bytes) => void written.push(`${stream} ${bytes.join()}`),
  );
  const asked = await there.runner.next();
  assert.deepEqual(asked.job, someJob());
  assert.equal(asked.submitter, "me");
  asked.write("stdout", Uint8Array.of(1, 2));
  asked.write("stderr", Uint8Array.of(3));
  asked.finish({ exitCode: 9 });
  assert.deepEqual(await outcome, { completion: "exit", exitCode: 9 } satisfies JobOutcome);
  assert.deepEqual(written, ["stdout 1,2", "stderr 3"]);
});

Deno.test("a job's bytes are handed over, and given back to the system when it has ended", async () => {
  using there = place();
  const shared = new Uint8Array(100);
  const job = {
    ...someJob(),
    stdin: shared.subarray(1),
    files: new Map([["a", Uint8Array.of(1)], ["b", Uint8Array.of(2)]]),
  };
  const stop = new AbortController();
  const running = remoteRuns(there.port)(job, { write: () => {} }, {
    signal: stop.signal,
    submitter: "me",
  });
  const asked = await there.runner.next();
  assert.equal(job.module.length, 0);
  assert.equal(shared.length, 100, "what is part of something else is copied");
  assert.deepEqual([...asked.job.files.values()].map((bytes) => bytes[0]), [1, 2]);
  asked.finish();
  await running;
  assert.equal(asked.job.module.length, 0);
});

Deno.test("jobs at one time keep to their own answers", async () => {
  using there = place();
  const run = remoteRuns(there.port);
  const [one, two] = [start(run), start(run)];
  const [first, second] = [await there.runner.next(), await there.runner.next()];
  second.finish({ exitCode: 2 });
  first.finish({ exitCode: 1 });
  assert.equal((await one.outcome).exitCode, 1);
  assert.equal((await two.outcome).exitCode, 2);
});

Deno.test("a failure keeps its code, and what is no error of ours tells nothing", async () => {
  using there = place();
  const run = remoteRuns(there.port);
  const refused = start(run);
  (await there.runner.next()).fail(new PlasmdError("module", "No such import", { hint: "h" }));
  await assert.rejects(refused.outcome, { code: "module", message: "No such import", hint: "h" });
  const broken = start(run);
  (await there.runner.next()).fail(new Error("boom"));
  await assert.rejects(broken.outcome, PlasmdError);
});

Deno.test("a cancel reaches the job that it is for, and one before the start runs nothing", async () => {
  using there = place();
  const run = remoteRuns(there.port);
  const [one, two] = [start(run), start(run)];
  await there.runner.next();
  const other = await there.runner.next();
  one.stop.abort();
  assert.equal((await one.outcome).completion, "cancelled");
  other.finish();
  assert.equal((await two.outcome).completion, "exit");
  const never = run(someJob(), { write: () => {} }, {
    signal: AbortSignal.abort(),
    submitter: "me",
  });
  await assert.rejects(never, { name: "AbortError" });
  assert.equal(there.runner.waiting, 0);
});

Deno.test("when the main thread's end is disposed, what runs is cancelled", async () => {
  const there = place();
  start(remoteRuns(there.port));
  const { signal } = await there.runner.next();
  there.served[Symbol.dispose]();
  assert.equal(signal.aborted, true);
  there.port.close();
});

Deno.test("above the limit the daemon is told that it is too much, and a free place is taken again", async () => {
  using there = place();
  const run = remoteRuns(there.port);
  const most = Array.from({ length: jobLimits.atOnce }, () => start(run));
  await assert.rejects(start(run).outcome, { code: "busy" });
  for (const _ of most) (await there.runner.next()).finish();
  await Promise.all(most.map(({ outcome }) => outcome));
  const again = start(run);
  (await there.runner.next()).finish();
  assert.equal((await again.outcome).completion, "exit");
});

Deno.test("one number for two runs is refused, and the first goes on", async () => {
  using there = place();
  there.port.postMessage({ type: "run", id: 1, job: someJob(), submitter: "a" });
  const first = await there.runner.next();
  const refusal = answer(there.port);
  there.port.postMessage({ type: "run", id: 1, job: someJob(), submitter: "a" });
  assert.equal((await refusal).type, "failed");
  assert.equal(first.signal.aborted, false);
  const done = answer(there.port);
  there.port.postMessage({ type: "cancel", id: 1 });
  assert.deepEqual(await done, {
    type: "done",
    id: 1,
    outcome: { completion: "cancelled", exitCode: 130 },
  });
});

Deno.test("what is no job is never run, whatever it is", async () => {
  using there = place();
  const value = fc.anything({ maxDepth: 2, withTypedArray: true, withMap: true, withDate: true });
  const almost = fc.record({
    module: fc.oneof(fc.uint8Array({ maxLength: 3 }), value),
    args: fc.oneof(fc.array(fc.string(), { maxLength: 2 }), value),
    env: fc.oneof(fc.constant([["a"]]), fc.constant([]), value),
    stdin: fc.oneof(fc.uint8Array({ maxLength: 3 }), value),
    files: fc.oneof(fc.constant(new Map([["a", "no bytes"]])), value),
    limits: fc.oneof(fc.constant(someJob().limits), value),
    deterministic: fc.oneof(fc.boolean(), value),
    more: fc.constant("a member that no job has"),
  });
  let id = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(value, almost), async (foreign) => {
      const said = answer(there.port);
      there.port.postMessage({ type: "run", id: id++, job: foreign, submitter: "a" });
      const { type, error } = await said;
      assert.equal(type, "failed");
      assert.equal((error as { code: string }).code, "malformed");
    }),
    { numRuns: 300 },
  );
  assert.equal(there.runner.waiting, 0);
});

Deno.test("a message that asks nothing is dropped, and the port goes on", async () => {
  using there = place();
  await fc.assert(
    fc.asyncProperty(fc.anything({ maxDepth: 2, withTypedArray: true }), async (message) => {
      there.port.postMessage(message);
      await Promise.resolve();
    }),
    { numRuns: 300 },
  );
  const run = remoteRuns(there.port);
  const { outcome } = start(run);
  (await there.runner.next()).finish({ exitCode: 4 });
  assert.equal((await outcome).exitCode, 4);
});

Deno.test("limits that no job can have are refused at the port", async () => {
  using there = place();
  const run = remoteRuns(there.port);
  for (const wallMs of [NaN, Infinity, -1, 0.5, 1e15]) {
    const job = someJob();
    const broken = { ...job, limits: { ...job.limits, wallMs } };
    const outcome = run(broken, { write: () => {} }, {
      signal: new AbortController().signal,
      submitter: "me",
    });
    await assert.rejects(outcome, { code: "malformed" }, String(wallMs));
  }
  assert.equal(there.runner.waiting, 0);
});
