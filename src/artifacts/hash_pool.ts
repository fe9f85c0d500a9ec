/**
 * A few hash Workers and a queue of tasks before them.
 *
 * @module
 */

import { type ErrorData, errorFromData, PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import type { HashResult, HashTask } from "./hash_file.ts";

/** What a hash Worker says. */
export type HashMessage =
  /** It listens. */
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly bytes: number }
  | { readonly kind: "done"; readonly result: HashResult }
  | { readonly kind: "failed"; readonly error: ErrorData };

/** How a task is run. */
export interface TaskOptions {
  readonly signal: AbortSignal;
  /** Gets how many bytes were read. */
  readonly onProgress: (bytes: number) => void;
}

/** Runs tasks in Workers; disposing it ends them and cancels what runs. */
export interface HashPool extends AsyncDisposable {
  run(task: HashTask, options: TaskOptions): Promise<HashResult>;
  /** Workers that are alive now. */
  running(): number;
}

interface Job {
  readonly task: HashTask;
  readonly options: TaskOptions;
  resolve(result: HashResult): void;
  reject(reason: unknown): void;
}

/** How a pool is opened. */
export interface HashPoolOptions {
  /** Workers at most. */
  readonly workers: number;
  /** Starts a Worker; it says `ready`, then takes {@linkcode HashTask}s, one after another. */
  start(): Worker;
}

/** Opens a pool of Workers that end when the queue is empty. */
export function openHashPool({ workers, start }: HashPoolOptions): HashPool {
  const queue: Job[] = [];
  const slots = new Set<Promise<void>>();
  const closing = new AbortController();
  let alive = 0;

  async function serveQueue(): Promise<void> {
    let worker: Worker | undefined;
    try {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
        const { signal } = job.options;
        if (signal.aborted) {
          job.reject(signal.reason);
          continue;
        }
        try {
          worker ??= await startReady(start);
        } catch (thrown) {
          job.reject(thrown);
          continue;
        }
        if (await runJob(worker, job)) continue;
        worker.terminate();
        worker = undefined;
      }
    } finally {
      worker?.terminate();
      alive--;
    }
  }

  function pump(): void {
    if (alive >= workers || queue.length === 0) return;
    alive++;
    const slot = serveQueue().finally(() => slots.delete(slot));
    slots.add(slot);
  }

  return {
    run(task, options) {
      const signal = AbortSignal.any([options.signal, closing.signal]);
      return new Promise((resolve, reject) => {
        queue.push({ task, options: { ...options, signal }, resolve, reject });
        pump();
      });
    },
    running: () => alive,
    async [Symbol.asyncDispose]() {
      closing.abort(new PlasmdError("cancelled", "Hashing was stopped"));
      await Promise.allSettled(slots);
    },
  };
}

/** Starts a Worker and waits until it listens; what is sent before could be lost. */
function startReady(start: () => Worker): Promise<Worker> {
  const worker = start();
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve(worker);
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      reject(new PlasmdError("failed", `Cannot start a hash Worker: ${printable(event.message)}`));
    };
  });
}

/** Runs one job. False where its Worker is of no use any more. */
function runJob(worker: Worker, job: Job): Promise<boolean> {
  const { task, options: { signal, onProgress } } = job;
  return new Promise((done) => {
    const end = (useful: boolean, settle: () => void) => {
      worker.onmessage = worker.onerror = null;
      signal.removeEventListener("abort", stop);
      settle();
      done(useful);
    };
    const stop = () => end(false, () => job.reject(signal.reason));
    if (signal.aborted) return end(true, () => job.reject(signal.reason));
    signal.addEventListener("abort", stop, { once: true });
    worker.onerror = (event) => {
      event.preventDefault();
      const message = `Cannot hash "${printable(task.path)}": ${printable(event.message)}`;
      end(false, () => job.reject(new PlasmdError("failed", message)));
    };
    worker.onmessage = ({ data }: MessageEvent<HashMessage>) => {
      if (data.kind === "progress") return onProgress(data.bytes);
      if (data.kind === "done") end(true, () => job.resolve(data.result));
      if (data.kind === "failed") end(true, () => job.reject(errorFromData(data.error)));
    };
    worker.postMessage(task);
  });
}
