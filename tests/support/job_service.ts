/**
 * A job service for tests: its jobs are run by the test itself, and time stands still.
 *
 * @module
 */

import type { JobSpecFields } from "../../src/formats/job_spec.ts";
import type { Identity } from "../../src/identity/key_file.ts";
import type { JobInput, JobOutcome } from "../../src/jobs/job.ts";
import type { JobWriter } from "../../src/jobs/run_module.ts";
import { openJobService } from "../../src/jobs/service/service.ts";
import type {
  JobService,
  JobServiceOptions,
  JobStatus,
  RunJob,
} from "../../src/jobs/service/types.ts";
import { type Deps, systemDeps } from "../../src/lib/deps.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { jobServiceLimits } from "../../src/lib/limits.ts";
import { type FakeClock, fakeClock } from "./clock.ts";
import { digestOf, signedJob, testSubmitter, testWorker } from "./jobs.ts";
import { madeAt, testIdentity } from "./manifests.ts";
import { tempDirectory } from "./temp.ts";

const utf8 = new TextEncoder();

/** A second submitter that is allowed. */
export const otherSubmitter: Identity = testIdentity(3);

/** A module as far as the service looks at it. */
export const moduleBytes: Uint8Array<ArrayBuffer> = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

/** A job that the service wants run. */
export interface AskedRun {
  readonly job: JobInput;
  readonly submitter: string;
  readonly signal: AbortSignal;
  readonly write: JobWriter;
  /** Ends it; by default it exits with 0. */
  finish(outcome?: Partial<JobOutcome>): void;
  /** The run itself fails. */
  fail(thrown: unknown): void;
}

/** Runs jobs when the test says so. */
export interface FakeRunner {
  readonly run: RunJob;
  /** The next job that is started and was not taken yet. */
  next(): Promise<AskedRun>;
  /** How many were started and not taken. */
  readonly waiting: number;
}

/** A runner that a test drives. Like the real one, it ends a job whose signal aborts. */
export function fakeRunner(): FakeRunner {
  const asked: AskedRun[] = [];
  const takers: ((run: AskedRun) => void)[] = [];
  return {
    get waiting() {
      return asked.length;
    },
    run: (job, { write }, { signal, submitter }) => {
      const { promise, resolve, reject } = Promise.withResolvers<JobOutcome>();
      const cancelled = () => resolve({ completion: "cancelled", exitCode: 130 });
      signal.addEventListener("abort", cancelled, { once: true });
      const entry: AskedRun = {
        job,
        submitter,
        signal,
        write,
        finish: (outcome) => resolve({ completion: "exit", exitCode: 0, ...outcome }),
        fail: reject,
      };
      const taker = takers.shift();
      if (taker === undefined) asked.push(entry);
      else taker(entry);
      return promise.finally(() => signal.removeEventListener("abort", cancelled));
    },
    next() {
      const first = asked.shift();
      if (first !== undefined) return Promise.resolve(first);
      const { promise, resolve } = Promise.withResolvers<AskedRun>();
      takers.push(resolve);
      return promise;
    },
  };
}

/** A service with all that a test needs around it. */
export interface TestService extends AsyncDisposable {
  readonly service: JobService;
  readonly clock: FakeClock;
  readonly runner: FakeRunner;
  readonly stateDir: string;
  /** Lets time pass, and waits until the service has looked at what has expired. */
  pass(ms: number): Promise<void>;
  /** Ends the service and opens it again on the same state. */
  restart(options?: Partial<JobServiceOptions>): Promise<void>;
}

/** Opens a service in a directory of its own; the clock shows when the jobs of tests are made. */
export async function testService(
  options: Partial<JobServiceOptions> = {},
  deps: Partial<Deps> = {},
): Promise<TestService> {
  await using owned = new AsyncDisposableStack();
  const directory = owned.use(await tempDirectory());
  const clock = fakeClock(madeAt);
  let swept = Promise.withResolvers<void>();
  const watched: Clock = {
    ...clock,
    sleep(ms, options) {
      // The service sleeps again when it has looked at everything.
      if (ms === jobServiceLimits.sweepMs) swept.resolve();
      return clock.sleep(ms, options);
    },
  };
  let runner = fakeRunner();
  const open = (more: Partial<JobServiceOptions>) =>
    openJobService({
      stateDir: directory.path,
      identity: testWorker,
      allow: [testSubmitter.keyid, otherSubmitter.keyid],
      concurrency: 2,
      limits: { wallMs: 60_000, memoryBytes: 1 << 30, outputBytes: 16 << 20 },
      run: (job, io, more) => runner.run(job, io, more),
      ...options,
      ...more,
    }, systemDeps({ clock: watched, ...deps }));
  let service = await open({});
  owned.defer(() => service[Symbol.asyncDispose]());
  const held = owned.move();
  return {
    get service() {
      return service;
    },
    get runner() {
      return runner;
    },
    clock,
    stateDir: directory.path,
    async pass(ms) {
      swept = Promise.withResolvers<void>();
      clock.advance(Math.max(ms, jobServiceLimits.sweepMs));
      await swept.promise;
    },
    async restart(more = {}) {
      await service[Symbol.asyncDispose]();
      runner = fakeRunner();
      service = await open(more);
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** A job with nothing but a module; each number makes another job. */
export function plainJob(
  nonce: number,
  changes: Partial<JobSpecFields> = {},
  identity: Identity = testSubmitter,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, nonce);
  const { keyid: submitter } = identity;
  const only = { module: digestOf(moduleBytes), stdin: null, files: {}, args: [], env: {} };
  return signedJob({ ...only, nonce: bytes.toBase64(), submitter, ...changes }, identity);
}

/** The bytes as a body that comes in pieces. */
export async function* bodyOf(bytes: Uint8Array | string, piece = 3): AsyncIterable<Uint8Array> {
  const all = typeof bytes === "string" ? utf8.encode(bytes) : bytes;
  for (let at = 0; at < all.length; at += piece) yield all.subarray(at, at + piece);
}

/** Sends bytes for a job. */
export async function send(
  service: JobService,
  job: string | undefined,
  bytes: Uint8Array | string,
): Promise<void> {
  const all = typeof bytes === "string" ? utf8.encode(bytes) : bytes;
  const signal = AbortSignal.timeout(10_000);
  await service.put(digestOf(all), all.length, bodyOf(all), { signal, job });
}

/** Submits a job and sends the plain module where it is missing. */
export async function submitWhole(service: JobService, spec: Uint8Array): Promise<JobStatus> {
  const status = await service.submit(spec);
  if (status.missing.length > 0) await send(service, status.job_id, moduleBytes);
  return service.status(status.job_id)!;
}

/** Waits for a job's end. */
export async function ended(service: JobService, id: string): Promise<JobStatus> {
  return (await service.wait(id, { signal: new AbortController().signal }))!;
}
