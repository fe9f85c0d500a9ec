import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import type { Identity } from "../../src/identity/key_file.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { memoryMeter } from "../../src/lib/meter.ts";
import { startDaemon } from "../../src/node/daemon.ts";
import { usualLimits } from "../../src/node/protocol.ts";
import { testBytes, writeFiles } from "../support/artifacts.ts";
import { dhtNode, p2pTest, tcpAddress } from "../support/dht.ts";
import { hello } from "../support/job_modules.ts";
import { testIdentity } from "../support/manifests.ts";
import { untilTrue } from "../support/process_figures.ts";
import { runProgram } from "../support/program.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

const meter = memoryMeter();
const deps = systemDeps({ meter });

/** A submitter's key in a directory with a module, and `plasmd job …` run there. */
async function submitterIn(directory: TempDirectory) {
  const env = { PLASMD_IDENTITY: directory.join("submitter.key") };
  const { stdout } = await runProgram(["identity", "new", "--json"], { env });
  await writeFiles(directory.path, {
    "image/vmlinuz": testBytes(1000, 1),
    "hello.wasm": hello("hello\n", 0),
  });
  return {
    keyid: /ed25519:[0-9a-f]{64}/.exec(stdout)![0],
    job: (name: string, ...args: string[]) => {
      const state = name === "workers" ? [] : ["--state-dir", directory.join("client")];
      return runProgram(["job", name, ...state, ...args], { env, cwd: directory.path });
    },
  };
}

/** A worker in this thread that says this for every job, whatever the module is. */
async function sayingWorker(
  directory: TempDirectory,
  worker: Identity,
  submitter: string,
  says: string,
) {
  const stateDir = directory.join(worker.keyid.slice(-8));
  await fs.mkdir(stateDir, { mode: 0o700 });
  const daemon = await startDaemon({
    ...{ artifacts: directory.join("image"), channel: "stable", arch: "x86_64" },
    ...{ host: "127.0.0.1", port: 0, stateDir, stateWritable: true },
    identity: { seed: worker.seed.slice(), file: "test" },
    limits: { ...usualLimits(), drainMs: 1000 },
    jobs: {
      allow: [submitter],
      concurrency: 1,
      limits: { wallMs: 60_000, memoryBytes: 1 << 30, outputBytes: 16 << 20 },
    },
  }, {
    ...{ signal: new AbortController().signal, meter, onProgress() {} },
    runJob(_job, { write }) {
      write("stdout", new TextEncoder().encode(says));
      return Promise.resolve({ completion: "exit", exitCode: 0 });
    },
  }, deps);
  const flags = ["--worker", `http://127.0.0.1:${daemon.ready.port}`, "--worker-key", worker.keyid];
  return { flags, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}

Deno.test("of several workers the one whose receipt differs is named", async () => {
  await using directory = await tempDirectory();
  const { keyid, job } = await submitterIn(directory);
  const [one, two, liar] = [testIdentity(21), testIdentity(22), testIdentity(23)];
  await using first = await sayingWorker(directory, one, keyid, "hello\n");
  await using second = await sayingWorker(directory, two, keyid, "hello\n");
  await using third = await sayingWorker(directory, liar, keyid, "hullo\n");
  const submit = (count: number, ...workers: { flags: string[] }[]) =>
    job(
      "submit",
      "--deterministic",
      "--replicas",
      `${count}`,
      ...workers.flatMap((w) => w.flags),
      "hello.wasm",
    );

  const agreed = await submit(2, first, second);
  assert.deepEqual([agreed.code, agreed.stdout], [0, "hello\n"]);
  assert.match(agreed.stderr, /2 workers agree/);
  const differs = await submit(3, first, third, second);
  assert.equal(differs.code, 4);
  assert.ok(differs.stderr.includes(`than the 2 others: ${liar.keyid}`), differs.stderr);
  assert.equal((await submit(3, first, second)).code, 3);
  const wild = await job(
    "submit",
    "--replicas",
    "2",
    ...first.flags,
    ...second.flags,
    "hello.wasm",
  );
  assert.equal(wild.code, 2);
  assert.match(wild.stderr, /needs --deterministic/);
});

Deno.test("where a worker can't be reached the next one gets the job", async () => {
  await using directory = await tempDirectory();
  const { keyid, job } = await submitterIn(directory);
  await using worker = await sayingWorker(directory, testIdentity(24), keyid, "hello\n");
  const gone = ["--worker", "http://127.0.0.1:1", "--worker-key", testIdentity(25).keyid];
  const { code, stdout, stderr } = await job(
    "submit",
    "--wait",
    ...gone,
    ...worker.flags,
    "hello.wasm",
  );
  assert.deepEqual([code, stdout], [0, "hello\n"]);
  assert.match(stderr, /warning: http:\/\/127\.0\.0\.1:1: .*does not answer/);
  const unpinned = await job("submit", ...worker.flags.slice(0, 2), "hello.wasm");
  assert.equal(unpinned.code, 2);
  assert.match(unpinned.stderr, /--worker-key/);
});

Deno.test("a refusal is said once, and a job that was refused is forgotten", async () => {
  await using directory = await tempDirectory();
  const { job } = await submitterIn(directory);
  const stranger = testIdentity(26).keyid;
  await using worker = await sayingWorker(directory, testIdentity(27), stranger, "hello\n");
  const { code, stderr } = await job("submit", ...worker.flags, "hello.wasm");
  assert.equal(code, 1);
  assert.equal(stderr.match(/refused/g)?.length, 1, stderr);
  assert.deepEqual(JSON.parse((await job("list", "--json")).stdout), { jobs: [] });
});

Deno.test(
  "workers are found in the DHT, and one of them runs the job in a process",
  p2pTest,
  async () => {
    await using directory = await tempDirectory();
    const { keyid, job } = await submitterIn(directory);
    await using node = await dhtNode();
    const bootstrap = ["--bootstrap", tcpAddress(node)];
    const home = directory.join("worker");
    await fs.mkdir(home, { mode: 0o700 });
    await using worker: Provider = await startProvider(directory.join("image"), home, {
      args: ["--jobs", "--job-allow", keyid, ...bootstrap],
    });
    let found: { keyid: string; origin: string; peer_id: string }[] = [];
    await untilTrue(async () => {
      const { stdout } = await job("workers", "--json", "--timeout", "5", ...bootstrap);
      found = JSON.parse(stdout).workers;
      return found.length > 0;
    }, { ms: 60_000, what: "a worker in the DHT" });
    assert.deepEqual(found.map((one) => [one.keyid, one.origin]), [[worker.keyid, worker.origin]]);

    for (const name of ["auto", found[0]!.peer_id]) {
      const args = ["--worker", name, ...bootstrap, "--find-timeout", "5", "hello.wasm"];
      const { code, stdout, stderr } = await job("submit", "--wait", ...args);
      assert.deepEqual([code, stdout], [0, "hello\n"], stderr);
    }
    const nowhere = await job("workers");
    assert.equal(nowhere.code, 3);
    assert.match(nowhere.stderr, /nowhere to look/);
  },
);
