/**
 * How tests start job processes, and find those that there are.
 *
 * @module
 */

import type { JobInput } from "../../src/jobs/job.ts";
import type { JobProcess } from "../../src/jobs/start_process.ts";
import { jobProcessCommand } from "../../src/lib/job_process.ts";
import { selfCommand } from "../../src/lib/self.ts";

/** This program as a job process, as the daemon starts it. */
export function ownJobProcess(): JobProcess {
  const { program, args } = selfCommand();
  return {
    process: { program, args: [...args, jobProcessCommand] },
    env: { HOME: Deno.env.get("HOME") ?? "/", DENO_DIR: Deno.env.get("DENO_DIR") ?? "" },
  };
}

/** A script in the place of a job process. */
export function scriptedProcess(script: string): JobProcess {
  return { process: { program: "/bin/sh", args: ["-c", script] }, env: {} };
}

/** A job with nothing but its module. */
export function bareJob(module: Uint8Array, limits: Partial<JobInput["limits"]> = {}): JobInput {
  return {
    module,
    args: ["test"],
    env: [],
    stdin: new Uint8Array(),
    files: new Map(),
    limits: { wallMs: 20_000, memoryBytes: 256 << 20, outputBytes: 1 << 20, ...limits },
    deterministic: false,
  };
}

/** A process as Linux tells of it. */
export interface FoundProcess {
  readonly pid: number;
  readonly parent: number;
}

/** The job processes that a process has started. Linux. */
export function jobProcessesOf(parent: number): number[] {
  return jobProcesses().filter((one) => one.parent === parent).map(({ pid }) => pid);
}

function jobProcesses(): FoundProcess[] {
  const found: FoundProcess[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const args = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
      if (!args.includes(jobProcessCommand)) continue;
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`).split(") ").at(-1)!.split(" ");
      found.push({ pid: Number(name), parent: Number(stat[1]) });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** Whether a process is there and no zombie. Linux. */
export function lives(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)!;
    return !/^[ZX]/.test(stat);
  } catch {
    return false;
  }
}
