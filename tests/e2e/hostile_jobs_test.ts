/**
 * What a worker goes through with jobs that mean it harm: its health is asked all the while, and
 * when they are over its memory is back, and no process is left but those that wait.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  growingTables,
  largeData,
  longFunctions,
  mutatedModules,
  refusedModules,
} from "../support/hostile_modules.ts";
import { hostileScene, small, whileHealthy } from "../support/hostile_scene.ts";
import { connectAndSend, parseAnswer, readAll } from "../support/http.ts";
import { hello, hostile } from "../support/job_modules.ts";
import { digestOf } from "../support/jobs.ts";
import { jobFor, workerHome } from "../support/job_worker.ts";
import { untilTrue } from "../support/process_figures.ts";

const isLinux = Deno.build.os === "linux";
/** For how long at least a hostile module is watched: a few answers say little. */
const watchedMs = 1500;

const both = async <T>(act: () => Promise<T>) => (await Promise.all([act(), act()]))[0]!;

Deno.test({
  name: "loops, floods, bombs and traps end as they must, and the worker answers all the while",
  ignore: !isLinux,
  async fn(t) {
    await using scene = await hostileScene();
    const { worker } = scene;
    const cases: [what: string, module: Uint8Array, completion: string, code: number][] = [
      ["an endless loop", hostile.loop, "timeout", 124],
      ["endless output", hostile.flood, "output", 1],
      ["a memory bomb", hostile.bomb, "trap", 134],
      ["tables that grow", growingTables(16), "memory", 137],
      ["deep recursion", hostile.deep, "trap", 134],
      ["a trap", hostile.trap, "trap", 134],
      ["60 MB of data", largeData(60_000_000), "exit", 0],
    ];
    for (const [what, module, completion, code] of cases) {
      await t.step(what, async () => {
        const status = await whileHealthy(worker, what, async () => {
          const start = performance.now();
          // Two at once, one a core; those that end soon again and again.
          for (;;) {
            const status = await both(() => worker.run(module, { limits: small }));
            if (performance.now() - start > watchedMs) return status;
          }
        });
        assert.deepEqual([status.state, status.completion, status.exit_code], [
          "done",
          completion,
          code,
        ]);
      });
    }
    await scene.settled();
  },
});

Deno.test({
  name: "what must not be compiled is refused with its reason, and no receipt",
  ignore: !isLinux,
  async fn() {
    await using scene = await hostileScene();
    const { worker } = scene;
    await whileHealthy(worker, "modules that are refused", async () => {
      for (const [what, module] of Object.entries(refusedModules)) {
        const job = await worker.send(module, { limits: small });
        const { state, problem } = await job.ended();
        assert.deepEqual([state, problem?.code], ["refused", "module"], what);
        await assert.rejects(job.receipt(), what);
      }
    });
    await scene.settled();
  },
});

Deno.test({
  name: "a hundred broken modules are each refused or run, and none is lost",
  ignore: !isLinux,
  async fn() {
    await using scene = await hostileScene();
    const { worker } = scene;
    const modules = mutatedModules(1000).filter((_, i) => i % 10 === 0);
    const states = new Set<string>();
    await whileHealthy(worker, "broken modules", async () => {
      for (let at = 0; at < modules.length; at += 10) {
        const some = modules.slice(at, at + 10);
        const ends = some.map((module) => worker.run(module, { limits: small }));
        for (const { state } of await Promise.all(ends)) states.add(state);
      }
    });
    assert.deepEqual([...states].toSorted(), ["done", "refused"]);
    await scene.settled();
  },
});

Deno.test({
  name: "a job that is cancelled while it compiles or runs is gone at once",
  ignore: !isLinux,
  async fn() {
    await using scene = await hostileScene();
    const { worker } = scene;
    const modules = [longFunctions(6, 1_000_000), hostile.loop, longFunctions(1, 6_000_000)];
    await whileHealthy(worker, "jobs that are cancelled", async () => {
      for (const module of [...modules, ...modules, ...modules]) {
        const job = await worker.send(module);
        await untilTrue(async () => (await job.status()).state !== "queued", {
          ms: 10_000,
          what: "it starts",
        });
        const start = performance.now();
        await job.cancel().catch(() => {}); // it may have ended
        const { completion, state } = await job.ended();
        assert.ok(performance.now() - start < 2000);
        assert.ok(state === "refused" || completion === "cancelled" || completion === "exit");
      }
    });
    await scene.settled();
  },
});

Deno.test({
  name: "a module of 1 GB is refused before a byte of it is sent",
  ignore: !isLinux,
  async fn() {
    await using scene = await hostileScene();
    const { worker } = scene;
    const { port, origin, keyid } = worker.provider;
    const module = new Uint8Array(); // stands for one that nobody sends
    const spec = jobFor(keyid, module, { module: digestOf("1 GB") });
    const taken = await fetch(`${origin}/v1/jobs`, { method: "POST", body: spec });
    assert.equal(taken.status, 202);
    await taken.body?.cancel();
    const path = `/v1/blobs/sha256/${digestOf("1 GB").slice(7)}`;
    using connection = await connectAndSend(
      port,
      `PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n`,
    );
    assert.equal(parseAnswer(await readAll(connection)).status, 413);
    await scene.settled();
  },
});

Deno.test({
  name: "job processes that say garbage are no worker's end",
  ignore: !isLinux,
  async fn() {
    await using home = await workerHome();
    const script = `${home.path}/garbage.sh`;
    const lines = ["#!/bin/sh", "read -r x", "head -c 100000 /dev/urandom", "exec sleep 60"];
    await Deno.writeTextFile(script, `${lines.join("\n")}\n`, { mode: 0o700 });
    await using worker = await home.start({ PLASMD_EXE: script });
    await whileHealthy(worker, "garbage on the pipe", async () => {
      for (let i = 0; i < 20; i++) {
        const { state, completion } = await worker.run(hello(`\n${i}`, 0), { limits: small });
        assert.deepEqual([state, completion], ["done", "trap"]);
      }
    });
  },
});
