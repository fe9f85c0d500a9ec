import assert from "node:assert/strict";
import type { JobOutcome } from "../../src/jobs/job.ts";
import { type JobPool, openPool } from "../../src/jobs/pool.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { hello, hostile } from "../support/job_modules.ts";
import {
  bareJob,
  jobProcessesOf,
  ownJobProcess,
  scriptedProcess,
} from "../support/job_processes.ts";
import { untilTrue } from "../support/process_figures.ts";
import { tempDirectory } from "../support/temp.ts";

const linux = { ignore: Deno.build.os !== "linux" };

/** A job process that answers any job with its own pid as the job's output. */
const answering = scriptedProcess(
  String.raw`read -r x; printf '\003\005\000\000\000%05d' $$
  printf '\005\056\000\000\000{"outcome":{"completion":"exit","exitCode":0}}'; exec sleep 60`,
);

async function run(
  pool: JobPool,
  module: Uint8Array,
  signal: AbortSignal = new AbortController().signal,
): Promise<JobOutcome & { out: string }> {
  let out = "";
  const write = (_: string, bytes: Uint8Array) => void (out += new TextDecoder().decode(bytes));
  // A line's end in the module lets the script's read return.
  const outcome = await pool.run(bareJob(module), { write }, { signal, submitter: "a" });
  return { ...outcome, out };
}

Deno.test("processes wait before there is a job, and others take their place", async () => {
  await using pool = openPool({ ...ownJobProcess(), warm: 2 }, systemDeps());
  assert.equal(pool.waiting(), 2);
  const runs = await Promise.all(["a", "b", "c"].map((text) => run(pool, hello(text, 0))));
  assert.deepEqual(runs.map(({ out }) => out), ["a", "b", "c"]);
  assert.equal(pool.waiting(), 2);
});

Deno.test({
  name: "a process runs one job, and is gone with it",
  ...linux,
  async fn() {
    const before = jobProcessesOf(Deno.pid);
    await using pool = openPool({ ...ownJobProcess(), warm: 1 }, systemDeps());
    const others = () => jobProcessesOf(Deno.pid).filter((pid) => !before.includes(pid));
    await untilTrue(() => others().length === 1, { ms: 5000, what: "one waits" });
    const [first] = others();
    await run(pool, hello("x", 0));
    await untilTrue(() => others().length === 1, { ms: 5000, what: "another waits" });
    assert.notEqual(others()[0], first);
  },
});

Deno.test("no two jobs meet one process", async () => {
  await using pool = openPool({ ...answering, warm: 2 }, systemDeps());
  const pids = new Set<string>();
  for (let i = 0; i < 6; i++) pids.add((await run(pool, hello("\n", 0))).out);
  assert.equal(pids.size, 6);
});

Deno.test("without warm processes each job starts its own", async () => {
  await using pool = openPool({ ...answering, warm: 0 }, systemDeps());
  assert.equal(pool.waiting(), 0);
  assert.equal((await run(pool, hello("\n", 0))).completion, "exit");
  assert.equal(pool.waiting(), 0);
});

Deno.test("a process that dies while it waits costs no job", async () => {
  await using directory = await tempDirectory();
  const flag = directory.join("later");
  // The first one ends at once, those after it answer.
  const { args } = answering.process;
  const script = `if mkdir ${flag} 2>/dev/null; then exit 1; fi\n${args[1]}`;
  await using pool = openPool({ ...scriptedProcess(script), warm: 1 }, systemDeps());
  await untilTrue(() => pool.waiting() === 0, { ms: 5000, what: "its end is seen" });
  assert.equal((await run(pool, hello("\n", 0))).completion, "exit");
  assert.equal(pool.waiting(), 1);
});

Deno.test("a job that is cancelled ends at once, the others go on", async () => {
  await using pool = openPool({ ...ownJobProcess(), warm: 2 }, systemDeps());
  const stop = new AbortController();
  const loop = run(pool, hostile.loop, stop.signal);
  const other = run(pool, hello("on", 3));
  stop.abort();
  assert.equal((await loop).completion, "cancelled");
  assert.deepEqual(await other, { completion: "exit", exitCode: 3, out: "on" });
});

Deno.test({
  name: "disposing a pool ends every process, with its job, and it takes no more",
  ...linux,
  async fn() {
    const before = jobProcessesOf(Deno.pid);
    const pool = openPool({ ...ownJobProcess(), warm: 2 }, systemDeps());
    const loops = [run(pool, hostile.loop), run(pool, hostile.loop), run(pool, hostile.loop)];
    await pool[Symbol.asyncDispose]();
    for (const loop of loops) assert.equal((await loop).completion, "cancelled");
    assert.deepEqual(jobProcessesOf(Deno.pid).filter((pid) => !before.includes(pid)), []);
    await assert.rejects(run(pool, hello("", 0)), { name: "AbortError" });
    assert.equal(pool.waiting(), 0);
  },
});
