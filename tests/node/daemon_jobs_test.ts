import { deepEqual, equal, match } from "node:assert/strict";
import * as fs from "node:fs/promises";
import { openReceipt } from "../../src/formats/receipt.ts";
import { formatTime } from "../../src/formats/time.ts";
import { runJob } from "../../src/jobs/broker.ts";
import type { JobStatus, RunJob } from "../../src/jobs/service/types.ts";
import { askJobs } from "../../src/jobs/wire/p2p_client.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { jobProcessCommand } from "../../src/lib/job_process.ts";
import { memoryMeter } from "../../src/lib/meter.ts";
import { selfCommand } from "../../src/lib/self.ts";
import { type Daemon, startDaemon } from "../../src/node/daemon.ts";
import { type DaemonOptions, usualLimits } from "../../src/node/protocol.ts";
import { testBytes, writeFiles } from "../support/artifacts.ts";
import { dhtClient, p2pTest } from "../support/dht.ts";
import { hello } from "../support/job_modules.ts";
import { digestOf, signedJob, testSubmitter } from "../support/jobs.ts";
import { testIdentity } from "../support/manifests.ts";
import { tempDirectory } from "../support/temp.ts";

const self = selfCommand();
const process = { program: self.program, args: [...self.args, jobProcessCommand] };
const env = { HOME: Deno.env.get("HOME") ?? "/", DENO_DIR: Deno.env.get("DENO_DIR") ?? "" };
const meter = memoryMeter();
const deps = systemDeps({ meter });

/** Runs jobs as the main thread does: a process each. */
const runHere: RunJob = (job, { write }, { signal }) =>
  runJob(job, { process, env, write, signal }, deps);

interface Place extends AsyncDisposable {
  readonly daemon: Daemon;
  readonly origin: string;
}

/** A daemon in this thread that runs jobs. */
async function start(
  number: number,
  changes: Partial<DaemonOptions> = {},
): Promise<Place> {
  await using parts = new AsyncDisposableStack();
  const directory = parts.use(await tempDirectory());
  const artifacts = directory.join("artifacts");
  await fs.mkdir(artifacts);
  await fs.mkdir(directory.join("state"), { mode: 0o700 });
  await writeFiles(artifacts, { vmlinuz: testBytes(1000, 1) });
  const { seed } = testIdentity(number);
  const daemon = parts.use(
    await startDaemon({
      artifacts,
      channel: "stable",
      arch: "arm64",
      host: "127.0.0.1",
      port: 0,
      stateDir: directory.join("state"),
      stateWritable: true,
      identity: { seed: seed.slice(), file: "test" },
      limits: { ...usualLimits(), drainMs: 1000 },
      jobs: {
        allow: [testSubmitter.keyid],
        concurrency: 1,
        limits: { wallMs: 60_000, memoryBytes: 1 << 30, outputBytes: 1 << 20 },
      },
      ...changes,
    }, {
      signal: new AbortController().signal,
      meter,
      onProgress: () => {},
      runJob: runHere,
    }, deps),
  );
  const held = parts.move();
  const origin = `http://127.0.0.1:${daemon.ready.port}`;
  return { daemon, origin, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

function jobFor(worker: string, module: Uint8Array): Uint8Array<ArrayBuffer> {
  return signedJob({
    worker,
    module: digestOf(module),
    stdin: null,
    files: {},
    args: [],
    env: {},
    nonce: crypto.getRandomValues(new Uint8Array(16)).toBase64(),
    expires_at: formatTime(Date.now() + 3_600_000),
  });
}

Deno.test("a job goes to a daemon with nothing but fetch, and comes back with a receipt", async () => {
  await using place = await start(4);
  const { origin, daemon: { ready: { keyid } } } = place;
  const module = hello("hello, worker\n", 7);
  const body = jobFor(keyid, module);
  const taken = await fetch(`${origin}/v1/jobs`, { method: "POST", body });
  equal(taken.status, 202);
  const { job_id: id, missing }: JobStatus = await taken.json();
  deepEqual(missing, [digestOf(module)]);
  const hex = digestOf(module).slice(7);
  const put = await fetch(`${origin}/v1/blobs/sha256/${hex}`, { method: "PUT", body: module });
  equal(put.status, 204);
  const job = `${origin}/v1/jobs/${id.slice(7)}`;
  const done: JobStatus = await (await fetch(`${job}?wait=60`)).json();
  deepEqual([done.state, done.completion, done.exit_code], ["done", "exit", 7]);
  equal(await (await fetch(`${job}/stdout`)).text(), "hello, worker\n");
  const receipt = openReceipt(await (await fetch(`${job}/receipt`)).bytes(), { worker: keyid });
  equal(receipt.worker, keyid);
  equal(receipt.job_id, id);
  equal(receipt.stdout.hash, digestOf("hello, worker\n"));

  const status = await (await fetch(`${origin}/status`)).json();
  equal(status.jobs.ended.done, 1);
  const shown = JSON.stringify(status);
  equal(shown.includes(id.slice(7)), false);
  const metrics = await (await fetch(`${origin}/metrics`)).text();
  match(metrics, /^plasmd_jobs_ended_total\{state="done"\} 1$/m);
  match(metrics, /^plasmd_jobs\{state="kept"\} 1$/m);
  equal(metrics.includes(id.slice(7, 20)), false);
  const { workers } = await (await fetch(`${origin}/v1/workers`)).json();
  deepEqual(workers.map((one: { origins: string[] }) => one.origins), [[origin]]);
});

Deno.test("where jobs are off a daemon takes none, and says nothing of them", async () => {
  await using place = await start(4, { jobs: undefined });
  const sent = await fetch(`${place.origin}/v1/jobs`, { method: "POST", body: "{}" });
  equal(sent.status, 404);
  equal((await sent.json()).code, "not_found");
  equal((await (await fetch(`${place.origin}/status`)).json()).jobs, undefined);
  equal((await (await fetch(`${place.origin}/metrics`)).text()).includes("plasmd_jobs{"), false);
});

Deno.test({
  name: "a worker is found through another node, and asked over libp2p",
  ...p2pTest,
  async fn() {
    const dht = { port: 0, bootstrap: [], external: [] };
    await using worker = await start(4, { dht });
    const [address] = worker.daemon.ready.p2pAddresses;
    await using other = await start(5, { jobs: undefined, dht: { ...dht, bootstrap: [address!] } });
    const { keyid, peerId } = worker.daemon.ready;
    const workers = await eventually(async () => {
      const answer = await fetch(`${other.origin}/v1/workers?runtime=v8-wasi-0.1`);
      return (await answer.json()).workers as Record<string, unknown>[];
    });
    equal(workers[0]!.keyid, keyid);
    deepEqual(workers[0]!.origins, [worker.origin]);

    await using node = await dhtClient([address!]);
    await node.joined(AbortSignal.timeout(10_000));
    const client = askJobs(node, peerId, deps);
    const options = { signal: AbortSignal.timeout(60_000) };
    const module = hello("over libp2p", 0);
    const status = await client.submit(jobFor(keyid, module), options) as unknown as JobStatus;
    await client.put(digestOf(module), module, { ...options, job: status.job_id });
    const done = await client.status(status.job_id, 60, options) as unknown as JobStatus;
    equal(done.state, "done");
    const receipt = openReceipt(await client.receipt(status.job_id, options), { worker: keyid });
    equal(receipt.stdout.hash, digestOf("over libp2p"));
  },
});

/** Asks again until there is an answer: the network is told of a worker a moment after its start. */
async function eventually<T>(ask: () => Promise<T[]>): Promise<T[]> {
  const end = deps.clock.steady() + 20_000;
  for (let found = await ask();; found = await ask()) {
    if (found.length > 0 || deps.clock.steady() > end) return found;
    await deps.clock.sleep(50);
  }
}
