/**
 * Where a job runs: a Worker without any permission, inside a process of the job's own.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import type { JobInput, JobOutcome } from "./job.ts";
import { ended } from "./job.ts";
import { runModule } from "./run_module.ts";

/** From the job's Worker. */
export type FromJob =
  | { readonly type: "loaded" }
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
  onmessage: ((event: MessageEvent<JobInput>) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;

scope.onmessage = async ({ data }) => {
  try {
    const module = await WebAssembly.compile(data.module as BufferSource);
    const outcome = runModule(module, data, (stream, bytes) => {
      scope.postMessage({ type: "output", stream, bytes: Uint8Array.from(bytes) });
    });
    scope.postMessage({ type: "done", outcome });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    if (thrown instanceof PlasmdError) scope.postMessage({ type: "refused", reason });
    else if (thrown instanceof WebAssembly.CompileError) {
      scope.postMessage({ type: "refused", reason: `Cannot run the module: ${reason}` });
    } else scope.postMessage({ type: "done", outcome: ended("trap", reason) });
  }
};
scope.postMessage({ type: "loaded" });
