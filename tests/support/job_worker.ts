/**
 * A worker in a process of its own, `plasmd serve --jobs`, and somebody who sends it jobs over HTTP.
 *
 * @module
 */

import { type JobSpecFields, openJobSpec } from "../../src/formats/job_spec.ts";
import { sealJobCancel } from "../../src/formats/job_cancel.ts";
import { openReceipt, type Receipt } from "../../src/formats/receipt.ts";
import { formatTime } from "../../src/formats/time.ts";
import { httpTransport } from "../../src/jobs/client/http_transport.ts";
import { submitJob } from "../../src/jobs/client/submit.ts";
import { isFinal, type JobStatus } from "../../src/jobs/service/types.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { digestOf, signedJob, testSubmitter } from "./jobs.ts";
import { type Provider, startProvider } from "./provider.ts";
import { tempDirectory } from "./temp.ts";

/** A job that was handed in. */
export interface SentJob {
  readonly id: string;
  /** Its state now, or when it has ended. */
  status(): Promise<JobStatus>;
  ended(): Promise<JobStatus>;
  cancel(): Promise<JobStatus>;
  output(stream?: "stdout" | "stderr"): Promise<string>;
  /** The receipt, once it is verified against the worker's key. */
  receipt(): Promise<Receipt>;
}

/** A worker that serves. */
export interface JobWorker extends AsyncDisposable {
  readonly provider: Provider;
  /** Signs a job for this worker, and hands it in with its module. */
  send(module: Uint8Array, changes?: Partial<JobSpecFields>): Promise<SentJob>;
  /** Sends a job and waits for its end. */
  run(module: Uint8Array, changes?: Partial<JobSpecFields>): Promise<JobStatus>;
  /** Speaks of a job that was sent to an earlier process. */
  known(id: string): SentJob;
}

/** Where a worker keeps what it has, from one of its processes to the next. */
export interface WorkerHome extends AsyncDisposable {
  readonly path: string;
  start(env?: Readonly<Record<string, string>>): Promise<JobWorker>;
}

/** Makes a home with an image to serve. */
export async function workerHome(jobs = "concurrency = 2"): Promise<WorkerHome> {
  await using parts = new AsyncDisposableStack();
  const directory = parts.use(await tempDirectory());
  const { path } = directory;
  await Deno.mkdir(`${path}/image`);
  await Deno.writeFile(`${path}/image/vmlinuz`, crypto.getRandomValues(new Uint8Array(65_536)));
  const allow = `allow = ["${testSubmitter.keyid}"]`;
  await Deno.writeTextFile(
    `${path}/provider.toml`,
    `[jobs]\nenabled = true\n${allow}\n${jobs}\n`,
  );
  const owned = parts.move();
  return {
    path,
    start: (env) => startJobWorker(path, env),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startJobWorker(
  home: string,
  env?: Readonly<Record<string, string>>,
): Promise<JobWorker> {
  const args = ["--config", `${home}/provider.toml`];
  const provider = await startProvider(`${home}/image`, home, { args, env });
  const worker: JobWorker = {
    provider,
    async send(module, changes = {}) {
      const spec = jobFor(provider.keyid, module, changes);
      const { id } = openJobSpec(spec);
      const transport = httpTransport(provider.origin, id, systemDeps());
      const blobs = new Map([[digestOf(module), module]]);
      await submitJob(transport, { spec, blobs }, options());
      return worker.known(id);
    },
    run: async (module, changes) => await (await worker.send(module, changes)).ended(),
    known: (id) => sentJob(provider, id),
    [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose](),
  };
  return worker;
}

const options = () => ({ signal: AbortSignal.timeout(60_000) });

/** A signed job with nothing but a module. */
export function jobFor(
  worker: string,
  module: Uint8Array,
  changes: Partial<JobSpecFields> = {},
): Uint8Array<ArrayBuffer> {
  return signedJob({
    worker,
    module: digestOf(module),
    stdin: null,
    files: {},
    args: [],
    env: {},
    deterministic: false,
    nonce: crypto.getRandomValues(new Uint8Array(16)).toBase64(),
    expires_at: formatTime(Date.now() + 3_600_000),
    ...changes,
  });
}

function sentJob({ origin, keyid }: Provider, id: string): SentJob {
  const transport = httpTransport(origin, id, systemDeps());
  return {
    id,
    status: () => transport.status(id, 0, options()),
    async ended() {
      for (;;) {
        const status = await transport.status(id, 30, options());
        if (isFinal(status.state)) return status;
      }
    },
    cancel: () => transport.cancel(sealJobCancel(id, testSubmitter), id, options()),
    async output(stream = "stdout") {
      const bytes = await transport.output(id, stream, { ...options(), max: 64 << 20 });
      return new TextDecoder().decode(bytes);
    },
    receipt: async () => openReceipt(await transport.receipt(id, options()), { worker: keyid }),
  };
}
