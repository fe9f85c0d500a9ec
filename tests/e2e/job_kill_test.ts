/**
 * `kill -9` of a worker in the middle of its jobs: nothing computes on, each job has one end, and its
 * receipt is one of a run that was finished.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isFinal } from "../../src/jobs/service/types.ts";
import { jobLimits } from "../../src/lib/limits.ts";
import { hello, hostile } from "../support/job_modules.ts";
import { jobProcessesOf, lives } from "../support/job_processes.ts";
import { digestOf } from "../support/jobs.ts";
import { workerHome } from "../support/job_worker.ts";
import { untilTrue } from "../support/process_figures.ts";

const linux = { ignore: Deno.build.os !== "linux" };
const limits = { wall_ms: 2500, memory_bytes: 64 << 20, output_bytes: 1 << 20 };

Deno.test({
  name: "after kill -9 nothing computes on, and each job ends once, with a receipt that verifies",
  ...linux,
  async fn() {
    await using home = await workerHome();
    const before = await home.start();
    const { process } = before.provider;
    const done = await before.send(hello("before\n", 3));
    await done.ended();
    const receipt = await done.receipt();
    const running = [
      await before.send(hostile.loop, { limits }),
      await before.send(hostile.loop, { limits }),
    ];
    const queued = await before.send(hello("queued\n", 5));
    for (const job of running) {
      await untilTrue(async () => (await job.status()).state === "running", {
        ms: 10_000,
        what: "it runs",
      });
    }
    const processes = jobProcessesOf(process.pid);
    assert.ok(processes.length >= running.length);
    process.kill("SIGKILL");
    assert.equal((await process.ended).signal, "SIGKILL");
    const none = () => !processes.some(lives);
    await untilTrue(none, { ms: 5000, what: "no job process is left" });

    await using after = await home.start();
    const states = await Promise.all(running.map(({ id }) => after.known(id).status()));
    // A run that was cut is no end.
    assert.deepEqual(states.filter(({ state }) => isFinal(state)), []);
    for (const { id } of running) {
      const job = after.known(id);
      const { state, completion } = await job.ended();
      assert.deepEqual([state, completion], ["done", "timeout"]);
      const { job_id, completion: told } = await job.receipt();
      assert.deepEqual([job_id, told], [id, "timeout"]);
      assert.equal((await job.status()).state, "done");
    }
    const next = after.known(queued.id);
    assert.equal((await next.ended()).exit_code, 5);
    assert.equal((await next.receipt()).stdout.hash, digestOf("queued\n"));
    assert.deepEqual(
      await after.known(done.id).receipt(),
      receipt,
      "what had ended stays as it was",
    );
    assert.equal(await after.known(done.id).output(), "before\n");
    await untilTrue(
      () => jobProcessesOf(after.provider.process.pid).length === jobLimits.warm,
      { ms: 10_000, what: "only processes that wait are left" },
    );
  },
});

Deno.test({
  name: "a job that meets kill -9 at every start is lost, once and for all, without a receipt",
  ...linux,
  async fn() {
    await using home = await workerHome();
    const long = { ...limits, wall_ms: 60_000 };
    let id: string | undefined;
    for (let start = 0; start < 3; start++) {
      const worker = await home.start();
      id ??= (await worker.send(hostile.loop, { limits: long })).id;
      const job = worker.known(id);
      await untilTrue(async () => (await job.status()).state === "running", {
        ms: 10_000,
        what: "it runs",
      });
      worker.provider.process.kill("SIGKILL");
      await worker.provider.process.ended;
    }
    await using last = await home.start();
    const job = last.known(id!);
    const { state, problem } = await job.ended();
    assert.deepEqual([state, problem?.code], ["lost", "failed"]);
    await assert.rejects(job.receipt());
    assert.equal((await last.run(hello("on", 0))).exit_code, 0);
  },
});

Deno.test({
  name:
    "a worker that is stopped in order leaves no process behind, and its jobs for the next start",
  ...linux,
  async fn() {
    await using home = await workerHome();
    const before = await home.start();
    const job = await before.send(hostile.loop, { limits });
    await untilTrue(async () => (await job.status()).state === "running", {
      ms: 10_000,
      what: "it runs",
    });
    const processes = jobProcessesOf(before.provider.process.pid);
    before.provider.process.kill("SIGTERM");
    assert.equal((await before.provider.process.ended).code, 0);
    assert.deepEqual(processes.filter(lives), []);
    await using after = await home.start();
    assert.equal((await after.known(job.id).ended()).completion, "timeout");
  },
});
