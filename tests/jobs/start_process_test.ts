import assert from "node:assert/strict";
import { runJobIn } from "../../src/jobs/broker.ts";
import { startJobProcess } from "../../src/jobs/start_process.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { hello, hostile } from "../support/job_modules.ts";
import { bareJob, lives, ownJobProcess, scriptedProcess } from "../support/job_processes.ts";
import { untilTrue } from "../support/process_figures.ts";
import { encodeJob } from "../../src/jobs/messages.ts";

const linux = { ignore: Deno.build.os !== "linux" };
const signal = new AbortController().signal;

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
    let nice: number[] = [];
    let score = "";
    const write = () => {
      nice = [...Deno.readDirSync(`/proc/${child.pid}/task`)].map(({ name }) =>
        Number(
          Deno.readTextFileSync(`/proc/${child.pid}/task/${name}/stat`).split(") ").at(-1)!
            .split(" ")[16],
        )
      );
      score = Deno.readTextFileSync(`/proc/${child.pid}/oom_score_adj`).trim();
    };
    const outcome = await runJobIn(
      child,
      bareJob(hostile.flood, { outputBytes: 1000 }),
      { write, signal },
      systemDeps(),
    );
    assert.equal(outcome.completion, "output");
    assert.ok(nice.length > 2, "its Worker and the compiler's threads are there");
    assert.ok(nice.every((value) => value >= 10), nice.join(" "));
    assert.equal(score, "1000");
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
    const cpu = () =>
      Number(
        Deno.readTextFileSync(`/proc/${runs.pid}/stat`).split(") ").at(-1)!.split(" ")[11],
      );
    await untilTrue(() => cpu() > 40, { ms: 20_000, what: "it loops" });
    await writer.close();
    await untilTrue(() => !lives(runs.pid), { ms: 10_000, what: "the one that loops ends" });
    await end(runs);
  },
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
