/**
 * Inside a job process: reads one job from stdin, runs it in a Worker that may do nothing, and says
 * on stdout what comes of it. The process itself gives up its rights before the job starts.
 *
 * @module
 */

import { setFlagsFromString } from "node:v8";
import { errorData, PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { jobLimits } from "../lib/limits.ts";
import { startWorker } from "../lib/worker.ts";
import { encodeFrame, frameTypes, readFrames } from "./frames.ts";
import { decodeJob } from "./messages.ts";
import type { FromJob } from "./job_worker.ts";
import type { JobInput } from "./job.ts";
import { checkModule } from "./wasm/check.ts";

/** Runs the job that comes on stdin. Returns when its outcome was said. */
export async function runJobProcess(): Promise<void> {
  let outcome: unknown;
  try {
    const frames = readFrames(Deno.stdin.readable);
    const job = await decodeJob(frames);
    void endWithBroker(frames);
    checkJob(job);
    outcome = { outcome: await runInWorker(job) };
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

/** DESIGN 11: the module's features are checked before anything compiles it. */
function checkJob({ module, limits }: JobInput): void {
  const checked = checkModule(module);
  if (checked.kind === "component") {
    throw new PlasmdError("module", "Cannot run the module: it is a component", {
      hint: "this version runs WASI preview 1 command modules",
    });
  }
  if (checked.memoryPages * 65_536 > limits.memoryBytes) {
    throw new PlasmdError(
      "module",
      `Cannot run the module: it starts with ${checked.memoryPages * 65_536} bytes of memory, ` +
        `limit is ${limits.memoryBytes}`,
    );
  }
}

async function runInWorker(job: JobInput): Promise<unknown> {
  // DESIGN 11: before the Worker is made, whose heap it bounds.
  setFlagsFromString(`--max-old-space-size=${jobLimits.heapMiB}`);
  const worker = startWorker("job", { permissions: "none" });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new PlasmdError("failed", `The job's Worker ended: ${event.message}`));
  };
  worker.onmessage = async ({ data }: MessageEvent<FromJob>) => {
    if (data.type === "loaded") {
      await giveUpRights();
      worker.postMessage(job);
    } else if (data.type === "output") say(frameTypes[data.stream], data.bytes);
    else if (data.type === "done") resolve(data.outcome);
    else reject(new PlasmdError("module", data.reason));
  };
  try {
    return await promise;
  } finally {
    worker.terminate();
  }
}

/** What is left is stdin and stdout, which are open. DESIGN 11. */
async function giveUpRights(): Promise<void> {
  for (const name of ["run", "ffi", "net", "write", "env", "sys", "read"] as const) {
    await Deno.permissions.revoke({ name });
  }
}

function say(type: number, bytes: Uint8Array): void {
  const frame = encodeFrame(type, bytes);
  for (let done = 0; done < frame.length;) done += Deno.stdout.writeSync(frame.subarray(done));
}
