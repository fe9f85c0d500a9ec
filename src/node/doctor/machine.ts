/**
 * Checks of what the kernel gives this process: descriptors, kexec and processes for jobs.
 *
 * @module
 */

import type { JobOutcome } from "../../jobs/job.ts";
import type { PlasmdError } from "../../lib/errors.ts";
import { failedWith, type Finding, ok, warning, wrong } from "./finding.ts";

/** How many connections are wanted, and how many there are descriptors for. */
export interface DescriptorFacts {
  readonly wanted: number;
  readonly room: number;
}

/** Fewer descriptors mean fewer clients at a time. */
export function checkDescriptors({ wanted, room }: DescriptorFacts): Finding {
  if (room >= wanted) return ok(`enough for ${wanted} connections`);
  return warning(
    `enough for ${room} connections, and ${wanted} are configured`,
    "raise the limit: LimitNOFILE= in the unit, or ulimit -n",
  );
}

/** How it stands with kexec. */
export interface KexecProbe {
  readonly os: string;
  /** Why no kernel can be loaded here, or undefined; throws where that can't be asked. */
  obstacle(): Promise<PlasmdError | undefined>;
}

/** Only a machine that boots others' images needs kexec, so nothing here is wrong. */
export async function checkKexec({ os, obstacle }: KexecProbe): Promise<Finding> {
  if (os !== "linux") return ok("only Linux has it; serving doesn't need it");
  const todo = "nothing, unless this machine shall start images with boot run";
  const limited = (thrown: unknown) => {
    const finding = failedWith(thrown, todo, "warning");
    return { ...finding, found: `${finding.found} (only boot run and boot kexec need it)` };
  };
  try {
    const error = await obstacle();
    return error === undefined ? ok("another kernel can be loaded") : limited(error);
  } catch (thrown) {
    return limited(thrown);
  }
}

/** How the smallest job is run. */
export interface JobProbe {
  /** Whether this node runs jobs for others. */
  readonly enabled: boolean;
  run(): Promise<JobOutcome>;
}

/** A job process starts, runs a module and ends. */
export async function checkJobs({ enabled, run }: JobProbe): Promise<Finding> {
  const status = enabled ? "wrong" : "warning";
  const todo = "see what is logged with -v; a limit on processes or memory is the usual cause";
  try {
    const { completion, exitCode, reason } = await run();
    if (completion === "exit" && exitCode === 0) {
      return ok("a process was started and ran a module");
    }
    const found = `the smallest module ended by ${completion}${reason ? `: ${reason}` : ""}`;
    return (enabled ? wrong : warning)(found, todo);
  } catch (thrown) {
    return failedWith(thrown, todo, status);
  }
}

/** A module of WASI preview 1 that only ends: `(func (export "_start"))` and a memory. */
export const smallestModule: Uint8Array = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
  ...[1, 4, 1, 0x60, 0, 0], // type 0: () -> ()
  ...[3, 2, 1, 0], // function 0 is of type 0
  ...[5, 3, 1, 0, 1], // one page of memory
  ...[7, 19, 2, 6, ...new TextEncoder().encode("memory"), 2, 0],
  ...[6, ...new TextEncoder().encode("_start"), 0, 0],
  ...[10, 4, 1, 2, 0, 11], // end
]);
