import assert from "node:assert/strict";
import { runJobIn } from "../../src/jobs/broker.ts";
import { frameTypes, readFrames } from "../../src/jobs/frames.ts";
import { encodeJob } from "../../src/jobs/messages.ts";
import { startJobProcess } from "../../src/jobs/start_process.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { hello, hostile } from "../support/job_modules.ts";
import { bareJob, lives, ownJobProcess, scriptedProcess } from "../support/job_processes.ts";
import { processFigures, untilTrue } from "../support/process_figures.ts";

const linux = { ignore: Deno.build.os !== "linux" };
const signal = new AbortController().signal;

/** The fields of a thread's stat behind its name. */
function statOf(directory: string): string[] {
  return Deno.readTextFileSync(`${directory}/stat`).split(") ").at(-1)!.split(" ");
}

async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
  await child.status;
  await child.stdin.close().catch(() => {});
  await child.stdout.cancel().catch(() => {});
}

Deno.test({
  name: "every thread of a job process stands back, and it goes first where memory runs out",
  ...linux,
  async fn() {
    const child = startJobProcess(ownJobProcess());
    const stop = new AbortController();
    const options = { write: () => {}, signal: stop.signal };
    const running = runJobIn(child, bareJob(hostile.loop), options, systemDeps());
    await untilTrue(() => processFigures(child.pid).cpu > 0.4, { ms: 20_000, what: "it loops" });
    const threads = [...Deno.readDirSync(`/proc/${child.pid}/task`)];
    const nice = threads.map(({ name }) => Number(statOf(`/proc/${child.pid}/task/${name}`)[16]));
    const score = Deno.readTextFileSync(`/proc/${child.pid}/oom_score_adj`);
    stop.abort();
    assert.equal((await running).completion, "cancelled");
    assert.ok(nice.length > 2, "its Worker and the compiler's threads are there");
    assert.ok(nice.every((value) => value >= 10), nice.join(" "));
    assert.equal(score.trim(), "1000");
  },
});

Deno.test({
  name: "a process whose pipe ends is gone, with or without a job, even in an endless loop",
  ...linux,
  async fn() {
    const waits = startJobProcess(ownJobProcess());
    await waits.stdin.close();
    await untilTrue(() => !lives(waits.pid), { ms: 10_000, what: "the one that waited ends" });
    await end(waits);

    const runs = startJobProcess(ownJobProcess());
    const writer = runs.stdin.getWriter();
    for (const part of encodeJob(bareJob(hostile.loop))) await writer.write(part);
    await untilTrue(() => processFigures(runs.pid).cpu > 0.4, { ms: 20_000, what: "it loops" });
    await writer.close();
    await untilTrue(() => !lives(runs.pid), { ms: 10_000, what: "the one that loops ends" });
    await end(runs);
  },
});

Deno.test("a job process says that it has compiled before anything of the job runs", async () => {
  const child = startJobProcess(ownJobProcess());
  const writer = child.stdin.getWriter();
  for (const part of encodeJob(bareJob(hello("hi", 0)))) await writer.write(part);
  const types: number[] = [];
  for await (const { type } of readFrames(child.stdout, 1 << 20)) types.push(type);
  assert.deepEqual(types, [frameTypes.compiled, frameTypes.stdout, frameTypes.outcome]);
  writer.releaseLock();
  await end(child);
});

Deno.test("a process that closes its pipe and stays is ended by the clock", async () => {
  const child = startJobProcess(scriptedProcess("exec >&-; exec sleep 60"));
  const job = bareJob(hello("", 0), { wallMs: 300 });
  const outcome = await runJobIn(child, job, { write: () => {}, signal }, systemDeps());
  assert.equal(outcome.completion, "timeout");
});

Deno.test("what a process says after its outcome counts nothing", async () => {
  const said = '{"outcome":{"completion":"exit","exitCode":5}}';
  const frame = `printf '\\005\\${said.length.toString(8)}\\000\\000\\000${said}'`;
  const child = startJobProcess(scriptedProcess(`${frame}; printf garbage; exec sleep 60`));
  const job = bareJob(hello("", 0));
  const outcome = await runJobIn(child, job, { write: () => {}, signal }, systemDeps());
  assert.deepEqual(outcome, { completion: "exit", exitCode: 5 });
});

Deno.test("a process that reads nothing of a large job is left, whatever it says", async () => {
  const job = { ...bareJob(hello("", 0), { wallMs: 500 }), stdin: new Uint8Array(4 << 20) };
  const deaf = startJobProcess(scriptedProcess("exec sleep 60"));
  const outcome = await runJobIn(deaf, job, { write: () => {}, signal }, systemDeps());
  assert.equal(outcome.completion, "timeout");
  const quits = startJobProcess(scriptedProcess("exit 3"));
  await assert.rejects(runJobIn(quits, job, { write: () => {}, signal }, systemDeps()), {
    message: /ended with 3/,
  });
});
