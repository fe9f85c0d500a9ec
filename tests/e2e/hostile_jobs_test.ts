/**
 * What a worker goes through with jobs that mean it harm: its health is asked all the while, and
 * when they are over its memory is back, and no process is left but those that wait.
 *
 * @module
 */

import assert from "node:assert/strict";
import { jobLimits } from "../../src/lib/limits.ts";
import { type HealthFigures, healthText, watchHealth } from "../support/health_watch.ts";
import {
  growingTables,
  largeData,
  longFunctions,
  mutatedModules,
  refusedModules,
} from "../support/hostile_modules.ts";
import { hello, hostile } from "../support/job_modules.ts";
import { jobProcessesOf } from "../support/job_processes.ts";
import { digestOf } from "../support/jobs.ts";
import { jobFor, type JobWorker, workerHome } from "../support/job_worker.ts";
import { processFigures, untilTrue } from "../support/process_figures.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing, runTool } from "../support/tools.ts";
import { connectAndSend, parseAnswer, readAll } from "../support/http.ts";

const MiB = 1 << 20;
const isLinux = Deno.build.os === "linux";
/** What /health may take while jobs do their worst. */
const healthMs = 50;
/** For how long at least a hostile module is watched: a few answers say little. */
const watchedMs = 1500;
const small = { wall_ms: 2000, memory_bytes: 128 * MiB, output_bytes: 1 * MiB };

/** A worker that was warmed up, and how it stands. */
async function place(): Promise<
  { worker: JobWorker; settled: () => Promise<void> } & AsyncDisposable
> {
  await using parts = new AsyncDisposableStack();
  const home = parts.use(await workerHome());
  const worker = parts.use(await home.start());
  const { pid } = worker.provider.process;
  for (let i = 0; i < 10; i++) await worker.run(hello("warm", 0));
  await worker.run(hostile.flood, { limits: small });
  const before = processFigures(pid).resident;
  const owned = parts.move();
  return {
    worker,
    async settled() {
      const waiting = () => jobProcessesOf(pid).length === jobLimits.warm;
      await untilTrue(waiting, { ms: 10_000, what: "only processes that wait are left" });
      const grown = () => (processFigures(pid).resident - before) / MiB;
      await untilTrue(() => grown() < 32, { ms: 20_000, what: "the memory is back" });
      assert.equal((await worker.run(hello("still here", 7))).exit_code, 7);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Does something while /health is asked, and holds how long it took. */
async function whileHealthy<T>(worker: JobWorker, what: string, act: () => Promise<T>): Promise<T> {
  const watch = await watchHealth(worker.provider.port);
  let figures: HealthFigures | undefined;
  try {
    return await act();
  } finally {
    figures = await watch.stop();
    console.log(`${what}: /health ${healthText(figures)}`);
    assert.ok(figures.median < healthMs && figures.p95 < healthMs, `/health: ${what}`);
  }
}

const both = async <T>(act: () => Promise<T>) => (await Promise.all([act(), act()]))[0]!;

Deno.test({
  name: "loops, floods, bombs and traps end as they must, and the worker answers all the while",
  ignore: !isLinux,
  async fn(t) {
    await using scene = await place();
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
    await using scene = await place();
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
    await using scene = await place();
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
    await using scene = await place();
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
    await using scene = await place();
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

const nosy = `
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
extern char **environ;
__attribute__((import_module("wasi_snapshot_preview1"), import_name("sock_shutdown")))
int raw_sock_shutdown(int, int);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("sock_accept")))
int raw_sock_accept(int, int, void *);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("clock_time_get")))
int raw_clock(int, long long, void *);
int main(void) {
  const char *paths[] = {"/etc/passwd", "../../../etc/passwd", "/proc/self/environ", "/dev/zero",
                         "etc/passwd/../../../etc/shadow"};
  for (int i = 0; i < 5; i++) if (open(paths[i], O_RDONLY) >= 0) printf("leaked %s\\n", paths[i]);
  symlink("/etc/passwd", "link");
  if (open("link", O_RDONLY) >= 0) puts("leaked by a link");
  int variables = 0;
  for (char **at = environ; *at; at++) variables++;
  char fd[8];
  long long when;
  printf("variables %d\\n", variables);
  printf("sockets %d %d\\n", raw_sock_shutdown(3, 3) != 0, raw_sock_accept(3, 0, fd) != 0);
  printf("clocks %d %d\\n", raw_clock(99, 0, &when) != 0, raw_clock(1, -1, &when));
  printf("other descriptors %d\\n", write(7, "x", 1) == -1 && errno == EBADF);
  fflush(stdout);
  for (int i = 0; i < 1000000; i++) raw_clock(i % 2, 1, &when);
  struct timespec long_time = {1 << 30, 0};
  for (;;) nanosleep(&long_time, NULL);
}
`;

Deno.test({
  name:
    "a nosy job finds no file, variable or socket of the worker, and sleeps no longer than it may",
  ignore: !isLinux,
  fn: needing({ tools: ["clang", "wasm-ld"] }, async () => {
    await using directory = await tempDirectory();
    await Deno.writeTextFile(directory.join("nosy.c"), nosy);
    await runTool(
      "clang",
      ...["--target=wasm32-wasi", "--sysroot=/usr", "-O2", directory.join("nosy.c")],
      ...["-o", directory.join("nosy.wasm")],
    );
    const module = await Deno.readFile(directory.join("nosy.wasm"));
    await using scene = await place();
    const { worker } = scene;
    const job = await whileHealthy(worker, "a nosy job", async () => {
      const job = await worker.send(module, { limits: small });
      const { completion, exit_code } = await job.ended();
      assert.deepEqual([completion, exit_code], ["timeout", 124]);
      return job;
    });
    assert.deepEqual((await job.output()).trim().split("\n"), [
      "variables 0",
      "sockets 1 1",
      "clocks 1 0",
      "other descriptors 1",
    ]);
    await scene.settled();
  }),
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
