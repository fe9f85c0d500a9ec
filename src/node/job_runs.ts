/**
 * Running jobs for the confined daemon, which may start no process: it asks the main thread over a
 * port. What it asks is checked as if a stranger had got into it.
 *
 * @module
 */

import { parseJobInput } from "../jobs/messages.ts";
import { buffersOf, type JobInput, type JobOutcome } from "../jobs/job.ts";
import type { JobWriter } from "../jobs/run_module.ts";
import type { RunJob } from "../jobs/service/types.ts";
import { type ErrorData, errorData, errorFromData, PlasmdError } from "../lib/errors.ts";
import { jobLimits } from "../lib/limits.ts";

/** From the daemon. */
type Ask =
  | {
    readonly type: "run";
    readonly id: number;
    readonly job: JobInput;
    readonly submitter: string;
  }
  | { readonly type: "cancel"; readonly id: number };

/** From the main thread. */
type Said =
  | {
    readonly type: "output";
    readonly id: number;
    readonly stream: "stdout" | "stderr";
    readonly bytes: Uint8Array;
  }
  | { readonly type: "done"; readonly id: number; readonly outcome: JobOutcome }
  | { readonly type: "failed"; readonly id: number; readonly error: ErrorData };

/** The main thread's end: runs what is asked for. Disposing it cancels all that runs. */
export function serveRuns(port: MessagePort, run: RunJob): Disposable {
  const running = new Map<number, AbortController>();
  const say = (said: Said) => port.postMessage(said);
  const start = async (id: number, asked: Extract<Ask, { type: "run" }>) => {
    const cancel = new AbortController();
    try {
      if (running.has(id)) throw new PlasmdError("internal", "Two runs have one number");
      if (running.size >= jobLimits.atOnce) {
        throw new PlasmdError("busy", "Too many jobs run at one time");
      }
      running.set(id, cancel);
      const job = parseJobInput(asked.job);
      const write: JobWriter = (stream, bytes) => say({ type: "output", id, stream, bytes });
      const options = { signal: cancel.signal, submitter: String(asked.submitter) };
      const outcome = await run(job, { write }, options).finally(() => release(job));
      say({ type: "done", id, outcome });
    } catch (thrown) {
      say({ type: "failed", id, error: errorData(thrown) });
    } finally {
      if (running.get(id) === cancel) running.delete(id);
    }
  };
  port.onmessage = ({ data }: MessageEvent<Ask>) => {
    if (typeof data?.id !== "number") return;
    if (data.type === "run") void start(data.id, data);
    else running.get(data.id)?.abort();
  };
  return {
    [Symbol.dispose]() {
      port.close();
      for (const cancel of running.values()) cancel.abort();
    },
  };
}

/** Gives memory back at once: this thread makes too little garbage to be cleaned often. */
function release(job: JobInput): void {
  for (const buffer of buffersOf(job)) buffer.transfer(0);
}

/** The daemon's end: has jobs run by the main thread. A job's bytes are handed over to it. */
export function remoteRuns(port: MessagePort): RunJob {
  interface Run {
    readonly write: JobWriter;
    readonly resolve: (outcome: JobOutcome) => void;
    readonly reject: (thrown: unknown) => void;
  }
  const runs = new Map<number, Run>();
  let next = 0;
  const ask = (asked: Ask, bytes: ArrayBuffer[] = []) => port.postMessage(asked, bytes);
  port.onmessage = ({ data }: MessageEvent<Said>) => {
    const run = runs.get(data.id);
    if (run === undefined) return;
    if (data.type === "output") run.write(data.stream, data.bytes);
    else if (data.type === "done") run.resolve(data.outcome);
    else run.reject(errorFromData(data.error));
  };
  return async (job, { write }, { signal, submitter }) => {
    signal.throwIfAborted();
    const id = next++;
    const { promise, resolve, reject } = Promise.withResolvers<JobOutcome>();
    const cancel = () => ask({ type: "cancel", id });
    runs.set(id, { write, resolve, reject });
    signal.addEventListener("abort", cancel, { once: true });
    ask({ type: "run", id, job, submitter }, buffersOf(job));
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", cancel);
      runs.delete(id);
    }
  };
}
