/**
 * Inside a job process: reads one job from stdin, runs it in a Worker that may do nothing, and says
 * on stdout what comes of it. The process itself gives up its rights before the job starts.
 *
 * @module
 */

import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { errorData, PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { jobLimits } from "../lib/limits.ts";
import { startWorker } from "../lib/worker.ts";
import { encodeFrame, frameTypes, readFrames } from "./frames.ts";
import { loadPart } from "../lib/part.ts";
import { packTranspiled, unpackTranspiled } from "./component/packed.ts";
import { checkCores, type Transpiled, transpiledOf } from "./component/transpiled.ts";
import { decodeJob } from "./messages.ts";
import type { FromJob, ToJob } from "./job_worker.ts";
import { buffersOf, type JobInput } from "./job.ts";
import { checkModule } from "./wasm/check.ts";

/** Runs the job that comes on stdin. Returns when its outcome was said. */
export async function runJobProcess(): Promise<void> {
  const ready = startJobWorker();
  let outcome: unknown;
  try {
    const frames = readFrames(Deno.stdin.readable);
    const job = await decodeJob(frames);
    void endWithBroker(frames);
    const prepare = await checkJob(job);
    outcome = { outcome: await runInWorker(ready, job, prepare) };
  } catch (thrown) {
    outcome = { error: errorData(toPlasmdError(thrown)) };
  }
  say(frameTypes.outcome, new TextEncoder().encode(JSON.stringify(outcome)));
}

/**
 * Nothing comes behind the job, and the pipe stays open while the broker lives: where it was killed
 * nobody wants the job any more. This thread is free, whatever the job does in its own.
 */
async function endWithBroker(frames: AsyncGenerator<unknown>): Promise<void> {
  await frames.next().catch(() => {});
  Deno.exit(1);
}

/** What is done to a job's module once the process has given up its rights. */
type Prepare = () => Transpiled | undefined;

/** DESIGN 11: the module's features are checked before anything compiles it. */
async function checkJob({ module, ready }: JobInput): Promise<Prepare> {
  const checked = checkModule(module);
  if (checked.kind === "component") {
    if (ready !== undefined) return () => readyAgain(ready);
    const jco = await loadPart<typeof import("./component/jco.ts")>("component");
    await jco.prepare();
    return () => {
      const transpiled = transpiledOf(module, jco.transpile);
      // Before anything of the component runs: the broker keeps nothing that is said later.
      say(frameTypes.ready, packTranspiled(transpiled));
      return transpiled;
    };
  }
  return () => undefined;
}

/** What was kept is checked as if it were new. */
function readyAgain(packed: Uint8Array): Transpiled {
  const transpiled = unpackTranspiled(packed);
  checkCores(transpiled.cores);
  return transpiled;
}

/** A Worker that waits for its job. */
interface JobWorker {
  readonly worker: Worker;
  readonly loaded: Promise<void>;
}

/** Before the job is there: in a process that waits, it starts so much sooner. */
function startJobWorker(): JobWorker {
  // DESIGN 11: before the Worker is made, whose heap it bounds.
  setFlagsFromString(`--max-old-space-size=${jobLimits.heapMiB}`);
  const worker = startWorker("job", { permissions: "none" });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => {}); // told where it is awaited
  worker.onmessage = () => resolve();
  worker.onerror = (event) => {
    event.preventDefault();
    reject(endedWorker(event));
  };
  return { worker, loaded: promise };
}

function endedWorker({ message }: ErrorEvent): PlasmdError {
  return new PlasmdError("failed", `The job's Worker ended: ${message}`);
}

async function runInWorker(
  { worker, loaded }: JobWorker,
  job: JobInput,
  prepare: Prepare,
): Promise<unknown> {
  try {
    await loaded;
    await giveUpRights();
    const transpiled = prepare();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    worker.onerror = (event) => {
      event.preventDefault();
      reject(endedWorker(event));
    };
    worker.onmessage = ({ data }: MessageEvent<FromJob>) => {
      if (data.type === "output") say(frameTypes[data.stream], data.bytes);
      else if (data.type === "compiled") say(frameTypes.compiled, new Uint8Array());
      else if (data.type === "done") resolve(data.outcome);
      else if (data.type === "refused") reject(new PlasmdError("module", data.reason));
    };
    // Handed over, so that a large module is there once.
    worker.postMessage({ job, transpiled } satisfies ToJob, buffersOf(job));
    return await promise;
  } finally {
    worker.terminate();
  }
}

/** What is left is stdin and stdout, which are open. DESIGN 11. */
async function giveUpRights(): Promise<void> {
  // The transpiler looks for a variable, and must find none instead of being refused.
  Object.defineProperty(process, "env", { value: {}, configurable: true });
  for (const name of ["run", "ffi", "net", "write", "env", "sys", "read"] as const) {
    await Deno.permissions.revoke({ name });
  }
}

function say(type: number, bytes: Uint8Array): void {
  const frame = encodeFrame(type, bytes);
  for (let done = 0; done < frame.length;) done += Deno.stdout.writeSync(frame.subarray(done));
}
