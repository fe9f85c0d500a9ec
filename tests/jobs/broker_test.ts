import assert from "node:assert/strict";
import { runJob } from "../../src/jobs/broker.ts";
import type { JobInput, JobOutcome } from "../../src/jobs/job.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { jobProcessCommand } from "../../src/lib/job_process.ts";
import { selfCommand } from "../../src/lib/self.ts";
import { hello, hostile } from "../support/job_modules.ts";
import { name, section, u32, vec, wasm } from "../support/wasm.ts";

const self = selfCommand();
const process = { program: self.program, args: [...self.args, jobProcessCommand] };

/** Runs a job; returns its outcome and what it wrote. */
async function run(
  module: Uint8Array,
  limits: Partial<JobInput["limits"]> = {},
  given: { process?: typeof process; signal?: AbortSignal; compileMs?: number } = {},
): Promise<JobOutcome & { stdout: string }> {
  let stdout = "";
  const outcome = await runJob({
    module,
    args: ["test"],
    env: [],
    stdin: new Uint8Array(),
    files: new Map(),
    limits: { wallMs: 20_000, memoryBytes: 256 << 20, outputBytes: 1 << 20, ...limits },
    deterministic: false,
  }, {
    process: given.process ?? process,
    env: { HOME: Deno.env.get("HOME") ?? "/", DENO_DIR: Deno.env.get("DENO_DIR") ?? "" },
    write: (_stream, bytes) => void (stdout += new TextDecoder().decode(bytes)),
    signal: given.signal ?? new AbortController().signal,
    compileMs: given.compileMs,
  }, systemDeps());
  return { ...outcome, stdout };
}

Deno.test("a module's output and its exact exit code come out of its process", async () => {
  const { completion, exitCode, stdout } = await run(hello("hi\n", 33));
  assert.deepEqual([completion, exitCode, stdout], ["exit", 33, "hi\n"]);
});

Deno.test("an endless loop is ended by the clock", async () => {
  const { completion, exitCode } = await run(hostile.loop, { wallMs: 1500 });
  assert.deepEqual([completion, exitCode], ["timeout", 124]);
});

Deno.test("a module that takes too long to compile is ended, whatever its wall clock is", async () => {
  const silent = { program: "/bin/sh", args: ["-c", "exec sleep 60"] };
  const started = performance.now();
  const { completion, exitCode, reason } = await run(hello("", 0), { wallMs: 50_000 }, {
    process: silent,
    compileMs: 200,
  });
  assert.deepEqual([completion, exitCode], ["timeout", 124]);
  assert.match(reason!, /longer to compile/);
  assert.ok(performance.now() - started < 10_000);
});

Deno.test("a module that is compiled runs on, until its wall clock ends it", async () => {
  // It says that it is compiled, as a job process does.
  const script = String.raw`printf '\007\000\000\000\000'; exec sleep 60`;
  const { completion, reason } = await run(hello("", 0), { wallMs: 1500 }, {
    process: { program: "/bin/sh", args: ["-c", script] },
    compileMs: 750,
  });
  assert.equal(completion, "timeout");
  assert.match(reason!, /ran longer/);
});

Deno.test("endless output is cut at its limit", async () => {
  const { completion, exitCode, stdout } = await run(hostile.flood, { outputBytes: 100_500 });
  assert.deepEqual([completion, exitCode, stdout.length], ["output", 1, 100_500]);
});

Deno.test("a memory bomb gets no more than it may, and knows it", async () => {
  const { completion, exitCode, reason } = await run(hostile.bomb, { memoryBytes: 32 << 20 });
  assert.deepEqual([completion, exitCode], ["trap", 134]);
  assert.match(reason!, /unreachable/);
});

Deno.test({
  name: "a process that takes more memory than its job may is ended from outside",
  ignore: Deno.build.os !== "linux",
  async fn() {
    // It reads a line without an end.
    const bomb = { program: "/bin/sh", args: ["-c", "exec tail /dev/zero"] };
    const { completion, exitCode } = await run(hello("", 0), { memoryBytes: 1 << 20 }, {
      process: bomb,
    });
    assert.deepEqual([completion, exitCode], ["memory", 137]);
  },
});

Deno.test("a trap and calls without end are traps", async () => {
  const trap = await run(hostile.trap);
  assert.deepEqual([trap.completion, trap.exitCode], ["trap", 134]);
  assert.match(trap.reason!, /unreachable/);
  const deep = await run(hostile.deep);
  assert.deepEqual([deep.completion, deep.exitCode], ["trap", 134]);
});

Deno.test("what can't run is refused before it runs", async () => {
  const { message } = await run(wasm(section(5, vec([4, 1])))).then(
    () => assert.fail("it ran"),
    (thrown) => thrown,
  );
  assert.match(message, /64-bit memory/);
  await assert.rejects(run(new TextEncoder().encode("#!/bin/sh")), { code: "module" });
  const unknown = wasm(
    section(1, vec([0x60, 0, 0])),
    section(2, vec([...name("env"), ...name("system"), 0, 0])),
  );
  await assert.rejects(run(unknown), { code: "module", message: /env/ });
  const wide = wasm(section(5, vec([0, ...u32(60_000)])));
  await assert.rejects(run(wide), { code: "module", message: /limit is 268435456/ });
});

Deno.test("a job is cancelled at once", async () => {
  const stop = new AbortController();
  const running = run(hostile.loop, {}, { signal: stop.signal });
  stop.abort();
  assert.equal((await running).completion, "cancelled");
});

Deno.test("a process that says garbage, or nothing, is not believed", async () => {
  const shell = (script: string) => ({ program: "/bin/sh", args: ["-c", script] });
  const garbage = await run(hello("", 0), {}, { process: shell("printf garbage; sleep 10") });
  assert.equal(garbage.completion, "trap");
  await assert.rejects(run(hello("", 0), {}, { process: shell("exit 3") }), {
    code: "failed",
    message: /ended with 3/,
  });
  const aborted = await run(hello("", 0), {}, { process: shell("kill -ABRT $$") });
  assert.equal(aborted.completion, "memory");
});
