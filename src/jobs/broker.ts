/**
 * Starts a process for a job, watches it, and ends it: wall clock, memory, output. DESIGN 11: a
 * Worker alone is no wall, so the limits are held from outside.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { jobLimits } from "../lib/limits.ts";
import { decodeOutcome, encodeJob } from "./messages.ts";
import { packedBytes } from "./component/packed.ts";
import { frameTypes, readFrames } from "./frames.ts";
import { ended, inputBytes, type JobInput, type JobOutcome } from "./job.ts";
import { residentBytes } from "./resident.ts";
import type { JobWriter } from "./run_module.ts";
import { isComponent } from "./wasm/check.ts";
import { type JobProcess, startJobProcess } from "./start_process.ts";

/** Who gets what a job writes, and who may end it. */
export interface RunOptions {
  readonly write: JobWriter;
  /** Cancels the job. */
  readonly signal: AbortSignal;
  /** Takes a component that was made ready, for the next job with the same. */
  readonly keep?: (packed: Uint8Array) => void;
  /** Milliseconds until its module must be compiled. */
  readonly compileMs?: number;
}

/**
 * Runs a job in a process of its own.
 *
 * @throws {PlasmdError} `module` for a module that is refused, `failed` where the process broke
 */
export async function runJob(
  job: JobInput,
  { process, env, ...options }: JobProcess & RunOptions,
  deps: Pick<Deps, "clock">,
): Promise<JobOutcome> {
  return await runJobIn(startJobProcess({ process, env }), job, options, deps);
}

/**
 * Runs a job in a process that waits for it; the process has ended when this returns.
 *
 * @throws {PlasmdError} as {@linkcode runJob} says
 */
export async function runJobIn(
  child: Deno.ChildProcess,
  job: JobInput,
  { write, signal, keep, compileMs = jobLimits.compileMs }: RunOptions,
  { clock }: Pick<Deps, "clock">,
): Promise<JobOutcome> {
  const watch = new AbortController();
  let killed: JobOutcome | undefined;
  const kill = (outcome: JobOutcome) => {
    killed ??= outcome;
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
  };
  const cancel = () => kill(ended("cancelled"));
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  const compiling = new AbortController();
  const clocks = [
    watchTime(compileMs, "it took longer to compile than it may", {
      clock,
      signal: AbortSignal.any([watch.signal, compiling.signal]),
      kill,
    }),
    watchLimits(child.pid, job, { clock, signal: watch.signal, kill }),
  ];
  const feeding = feed(child, job);
  try {
    const compiled = () => compiling.abort();
    const said = await listen(child, job, { write, keep, compiled }, kill);
    if (killed === undefined && said !== undefined) return decodeOutcome(said);
    // One that only closed its pipe still has its time.
    const status = await child.status;
    return killed ?? abnormalEnd(status);
  } finally {
    signal.removeEventListener("abort", cancel);
    watch.abort();
    kill(ended("cancelled"));
    await Promise.all([child.status, feeding, ...clocks]);
    await child.stdin.close().catch(() => {});
  }
}

/**
 * Hands the job over; a process that ends early has said why, or is reported as broken. The pipe
 * stays open: by its end the process knows that we are gone.
 */
async function feed(child: Deno.ChildProcess, job: JobInput): Promise<void> {
  try {
    await ReadableStream.from(encodeJob(job)).pipeTo(child.stdin, { preventClose: true });
  } catch {
    // The pipe is closed: what the process said, or that it said nothing, tells the rest.
  }
}

/** Passes output on until the outcome comes, and returns its bytes; nothing counts after it. */
async function listen(
  child: Deno.ChildProcess,
  job: JobInput,
  { write, keep, compiled }: Pick<RunOptions, "write" | "keep"> & { compiled: () => void },
  kill: (outcome: JobOutcome) => void,
): Promise<Uint8Array | undefined> {
  let first = true;
  let left = job.limits.outputBytes;
  // What is no output is short; what is more than a job may write need not be held to be counted.
  const most = Math.min(
    jobLimits.frameBytes,
    Math.max(left, jobLimits.outcomeBytes, readyBytes(job)),
  );
  try {
    for await (const { type, bytes } of readFrames(child.stdout, most)) {
      // What an honest process says before the job runs comes first; later it may be the job's own.
      if (type === frameTypes.ready && first) keep?.(bytes);
      first = false;
      if (type === frameTypes.compiled) compiled();
      if (type === frameTypes.outcome) return bytes;
      if (type === frameTypes.stdout || type === frameTypes.stderr) {
        left -= bytes.length;
        // The Worker counts, too; a process that was taken over might not.
        if (left < 0) kill(ended("output", "it wrote more than it may"));
        else write(type === frameTypes.stdout ? "stdout" : "stderr", bytes);
      }
    }
  } catch (thrown) {
    await child.stdout.cancel().catch(() => {});
    kill(ended("trap", thrown instanceof Error ? thrown.message : String(thrown)));
  }
  return undefined;
}

/** A component's process says what it made of it, unless it was told. */
function readyBytes({ module, ready }: JobInput): number {
  return isComponent(module) && ready === undefined ? packedBytes : 0;
}

/** V8 aborts a process that runs out of memory; that is what a signal or these codes mean. */
function abnormalEnd({ code, signal }: Deno.CommandStatus): JobOutcome {
  if (signal !== null || code === 133 || code === 134 || code === 5) {
    return ended("memory", "the process that ran it was aborted");
  }
  throw new PlasmdError("failed", `A job process ended with ${code} and said nothing`);
}

/** What ends a job that takes too much, until it is told to stop. */
interface Watch {
  readonly clock: Deps["clock"];
  readonly signal: AbortSignal;
  readonly kill: (outcome: JobOutcome) => void;
}

/** A lie about having compiled gains nothing: the wall clock goes on. */
async function watchTime(ms: number, why: string, { clock, signal, kill }: Watch): Promise<void> {
  try {
    await clock.sleep(ms, { signal });
  } catch {
    return; // It was told to stop.
  }
  kill(ended("timeout", why));
}

async function watchLimits(
  pid: number,
  job: JobInput,
  { clock, signal, kill }: Watch,
): Promise<void> {
  const end = clock.steady() + job.limits.wallMs;
  // What it was given is not what it takes.
  const most = job.limits.memoryBytes + jobLimits.processBytes + inputBytes(job);
  while (!signal.aborted) {
    const left = end - clock.steady();
    if (left <= 0) return kill(ended("timeout", "it ran longer than it may"));
    if ((await residentBytes(pid) ?? 0) > most) {
      return kill(ended("memory", "it used more memory than it may"));
    }
    await clock.sleep(Math.min(left, jobLimits.pollMs), { signal }).catch(() => {});
  }
}
