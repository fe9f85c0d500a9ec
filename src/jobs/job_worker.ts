/**
 * Where a job runs: a Worker without any permission, inside a process of the job's own.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { runComponent } from "./component/run_component.ts";
import type { Transpiled } from "./component/transpiled.ts";
import type { JobInput, JobOutcome } from "./job.ts";
import { ended } from "./job.ts";
import { type JobWriter, runModule } from "./run_module.ts";
import { limitMemory } from "./wasm/limit_memory.ts";

/** To the job's Worker: a job, and its component made ready where it is one. */
export interface ToJob {
  readonly job: JobInput;
  readonly transpiled?: Transpiled;
}

/** From the job's Worker. */
export type FromJob =
  | { readonly type: "loaded" }
  | { readonly type: "compiled" }
  | {
    readonly type: "output";
    readonly stream: "stdout" | "stderr";
    readonly bytes: Uint8Array<ArrayBuffer>;
  }
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "done"; readonly outcome: JobOutcome };

/** This thread, as a Worker sees it. */
interface WorkerScope {
  postMessage(message: FromJob): void;
  onmessage: ((event: MessageEvent<ToJob>) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = async ({ data }) => {
  try {
    scope.postMessage({ type: "done", outcome: await run(data) });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    if (thrown instanceof PlasmdError) scope.postMessage({ type: "refused", reason });
    else if (thrown instanceof WebAssembly.CompileError) {
      scope.postMessage({ type: "refused", reason: `Cannot run the module: ${reason}` });
    } else scope.postMessage({ type: "done", outcome: ended("trap", reason) });
  }
};

async function run({ job, transpiled }: ToJob): Promise<JobOutcome> {
  const write: JobWriter = (stream, bytes) =>
    scope.postMessage({ type: "output", stream, bytes: Uint8Array.from(bytes) });
  const compiled = () => scope.postMessage({ type: "compiled" });
  if (transpiled !== undefined) return await runComponent(transpiled, job, { write, compiled });
  const limited = limitMemory(job.module, job.limits.memoryBytes);
  const module = await WebAssembly.compile(limited as BufferSource);
  compiled();
  return runModule(module, job, write);
}

scope.postMessage({ type: "loaded" });
