/**
 * Starts the processes that jobs run in: without our environment, and last in line for the
 * processor and first in line where memory runs out.
 *
 * @module
 */

import { getPriority, setPriority } from "node:os";
import { jobLimits } from "../lib/limits.ts";

/** How a job process is started. */
export interface JobProcess {
  /** The program and arguments of a job process. */
  readonly process: { readonly program: string; readonly args: readonly string[] };
  /** The only variables that it sees. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a process that waits for its one job. It ends by itself when its stdin ends. */
export function startJobProcess({ process, env }: JobProcess): Deno.ChildProcess {
  const child = new Deno.Command(process.program, {
    args: [...process.args],
    clearEnv: true,
    env: { ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  standBack(child.pid);
  return child;
}

/** The least priority that there is. */
const lowest = 19;

/**
 * What serves goes before what computes. From outside and at once: threads inherit it, and there is
 * but one yet. A system that refuses has its reasons; the job runs all the same.
 */
function standBack(pid: number): void {
  try {
    setPriority(pid, Math.min(lowest, getPriority() + jobLimits.niceness));
  } catch {
    // It has ended already, or the system has no priorities.
  }
  if (Deno.build.os !== "linux") return;
  try {
    Deno.writeTextFileSync(`/proc/${pid}/oom_score_adj`, "1000");
  } catch {
    // No /proc: the system chooses by size alone.
  }
}
