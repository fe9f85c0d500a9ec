import { equal, match, ok } from "node:assert/strict";
import { mkdir, stat } from "node:fs/promises";
import { runJob } from "../../src/jobs/broker.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { jobProcessCommand } from "../../src/lib/job_process.ts";
import { memoryMeter } from "../../src/lib/meter.ts";
import { selfCommand } from "../../src/lib/self.ts";
import { startDaemon } from "../../src/node/daemon.ts";
import { usualLimits } from "../../src/node/protocol.ts";
import { testWorker } from "../support/jobs.ts";
import { testBytes, writeFiles } from "../support/artifacts.ts";
import { hello } from "../support/job_modules.ts";
import { runProgram } from "../support/program.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

const self = selfCommand();
const process = { program: self.program, args: [...self.args, jobProcessCommand] };
const jobEnv = { HOME: Deno.env.get("HOME") ?? "/", DENO_DIR: Deno.env.get("DENO_DIR") ?? "" };
const meter = memoryMeter();
const deps = systemDeps({ meter });

/** A real daemon in this thread, whose jobs run in processes. */
async function startWorker(directory: TempDirectory, submitter: string) {
  const stateDir = directory.join("state");
  await mkdir(stateDir, { mode: 0o700 });
  return await startDaemon({
    artifacts: directory.join("image"),
    channel: "stable",
    arch: "x86_64",
    host: "127.0.0.1",
    port: 0,
    stateDir,
    stateWritable: true,
    identity: { seed: testWorker.seed.slice(), file: "test" },
    limits: { ...usualLimits(), drainMs: 1000 },
    jobs: {
      allow: [submitter],
      concurrency: 1,
      limits: { wallMs: 60_000, memoryBytes: 1 << 30, outputBytes: 16 << 20 },
    },
  }, {
    signal: new AbortController().signal,
    meter,
    onProgress: () => {},
    runJob: (job, { write }, { signal }) =>
      runJob(job, { process, env: jobEnv, write, signal }, deps),
  }, deps);
}

Deno.test("a job goes to a real worker, and its receipt proves its output", async () => {
  await using directory = await tempDirectory();
  const at = (name: string) => directory.join(name);
  const env = { PLASMD_IDENTITY: at("submitter.key") };
  // What a person's own state holds is none of a test's business.
  const state = (name: string) => name === "verify" ? [] : ["--state-dir", at("client")];
  const run = (...args: string[]) =>
    runProgram(["job", args[0]!, ...state(args[0]!), ...args.slice(1)], {
      env: { ...env, HOME: Deno.env.get("HOME") ?? "/" },
      cwd: directory.path,
    });
  const made = await runProgram(["identity", "new", "--json"], { env });
  const submitter = /ed25519:[0-9a-f]{64}/.exec(made.stdout)![0];
  await writeFiles(directory.path, {
    "image/vmlinuz": testBytes(1000, 1),
    "hello.wasm": hello("hello\n", 33),
  });
  await using daemon = await startWorker(directory, submitter);
  const worker = { origin: `http://127.0.0.1:${daemon.ready.port}`, keyid: testWorker.keyid };
  const to = ["--worker", worker.origin, "--worker-key", worker.keyid];

  const waited = await run("submit", ...to, "--wait", "--receipt", "receipt.json", "hello.wasm");
  equal(waited.stderr, "");
  equal(waited.stdout, "hello\n");
  equal(waited.code, 33);

  const { stdout: line } = await run("submit", ...to, "hello.wasm");
  const id = line.trim();
  match(id, /^sha256:[0-9a-f]{64}$/);
  match((await run("wait", id)).stdout, /done: exit, exit code 33/);
  match((await run("status", id)).stdout, /done/);
  equal((await run("logs", id)).stdout, "hello\n");
  const kinds = ["--output", "second.json", "--spec-output", "spec.json"];
  equal((await run("receipt", id, "--json", ...kinds)).code, 0);
  const bound = ["--worker", worker.keyid, "--spec", "spec.json"];
  equal((await run("verify", "second.json", ...bound)).code, 0);
  const other = await run("verify", "receipt.json", ...bound);
  equal(other.code, 4);
  match(other.stderr, /Receipt is for another job/);
  // Too late to end it, but the worker takes the order: it is signed by who submitted the job.
  match((await run("cancel", id)).stdout, /done: exit, exit code 33/);
  ok((await run("list")).stdout.includes(id));
  const kept = at(`client/submitted-jobs/${id.slice(7)}.json`);
  equal((await stat(kept)).mode & 0o777, 0o600);
  await writeFiles(directory.path, {
    [`client/submitted-jobs/${"0".repeat(64)}.json`]: "{}",
  });
  const list = await run("list");
  equal(list.code, 0);
  ok(list.stdout.includes(id));
  match(list.stderr, /warning: What is remembered of job sha256:0+ can't be read: remove /);

  await writeFiles(directory.path, { "good.txt": "hello\n", "bad.txt": "hullo\n" });
  const verify = (...args: string[]) => run("verify", "receipt.json", ...args);
  equal((await verify("--worker", worker.keyid, "--stdout", "good.txt")).code, 0);
  const altered = await verify("--worker", worker.keyid, "--stdout", "bad.txt");
  equal(altered.code, 4);
  match(altered.stderr, /Receipt is for another stdout/);
  equal((await verify("--worker", submitter)).code, 4);
  equal((await verify("--worker", submitter.slice(0, -1))).code, 2);

  const wrongKey = ["--worker", worker.origin, "--worker-key", submitter];
  const refused = await run("submit", ...wrongKey, "hello.wasm");
  equal(refused.code, 4);
  match(refused.stderr, /refused/);
  wrongKey[3] = "ed25519:mistyped";
  const mistyped = await run("submit", ...wrongKey, "hello.wasm");
  equal(mistyped.code, 2);
  match(mistyped.stderr, /Invalid --worker-key "ed25519:mistyped"/);
});

Deno.test("an unreachable worker is exit code 5, an unknown job is said to be one", async () => {
  await using directory = await tempDirectory();
  const env = {
    PLASMD_IDENTITY: directory.join("key"),
  };
  await runProgram(["identity", "new"], { env });
  await writeFiles(directory.path, { "hello.wasm": hello("hello\n", 0) });
  const nobody = await runProgram([
    ...["job", "submit", "--state-dir", directory.join("client"), "--worker", "http://127.0.0.1:1"],
    ...["--worker-key", `ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a`],
    "hello.wasm",
  ], { env, cwd: directory.path });
  equal(nobody.code, 5);
  const unknown = await runProgram(
    ["job", "status", "--state-dir", directory.path, "0".repeat(64)],
    { env },
  );
  equal(unknown.code, 1);
  match(unknown.stderr, /was not submitted from here/);
});
