/**
 * Job processes that are started before they are needed: a job waits for no start. Each runs one
 * job and ends with it, so nothing of one submitter's is left for another.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { runJobIn } from "./broker.ts";
import { openComponentCache } from "./component/cache.ts";
import { isComponent } from "./wasm/check.ts";
import type { RunJob } from "./service/types.ts";
import { type JobProcess, startJobProcess } from "./start_process.ts";

/** How many processes wait, and how they are started. */
export interface PoolOptions extends JobProcess {
  /** Processes that are kept waiting. */
  readonly warm: number;
  /** Where components are kept ready to run; without it each is made ready anew. */
  readonly components?: string;
}

/** Runs jobs. Disposing it ends every process, with its job. */
export interface JobPool extends AsyncDisposable {
  readonly run: RunJob;
  /** Processes that wait for a job. */
  waiting(): number;
}

/** Opens a pool; its first processes are started now. */
export function openPool(
  { warm, components, ...process }: PoolOptions,
  deps: Pick<Deps, "clock">,
): JobPool {
  const cache = components === undefined ? undefined : openComponentCache(components);
  const idle = new Set<Deno.ChildProcess>();
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  const fill = () => {
    while (idle.size < warm && !closing.signal.aborted) {
      const child = startJobProcess(process);
      idle.add(child);
      // One that dies by itself is no use; the next job starts its own.
      child.status.then(() => {
        if (idle.delete(child)) void closePipes(child);
      });
    }
  };
  const take = (): Deno.ChildProcess => {
    const [child] = idle;
    if (child === undefined) return startJobProcess(process);
    idle.delete(child);
    return child;
  };
  fill();
  return {
    waiting: () => idle.size,
    async run(job, { write }, { signal }) {
      closing.signal.throwIfAborted();
      const both = AbortSignal.any([signal, closing.signal]);
      const kept = isComponent(job.module) ? cache : undefined;
      const start = async () => {
        const ready = await kept?.get(job.module);
        let made: Uint8Array | undefined;
        const keep = (packed: Uint8Array) => void (made = packed);
        const outcome = await runJobIn(take(), { ...job, ready }, {
          write,
          signal: both,
          keep: ready === undefined ? keep : undefined,
        }, deps);
        if (made !== undefined) await kept?.put(job.module, made);
        return outcome;
      };
      const run = start();
      running.add(run);
      try {
        return await run;
      } finally {
        running.delete(run);
        // Not before: the job that runs has the processor for itself.
        fill();
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      const waiting = [...idle];
      idle.clear();
      await Promise.allSettled([...running, ...waiting.map(endIdle)]);
    },
  };
}

async function endIdle(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
  await Promise.all([child.status, closePipes(child)]);
}

async function closePipes({ stdin, stdout }: Deno.ChildProcess): Promise<void> {
  await Promise.allSettled([stdin.close(), stdout.cancel()]);
}
