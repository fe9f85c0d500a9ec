/**
 * How this program becomes a job process.
 *
 * @module
 */

import type { JobProcess } from "../jobs/start_process.ts";
import { jobProcessCommand } from "../lib/job_process.ts";
import { selfCommand } from "../lib/self.ts";

/** The command line, and the variables that the runtime itself needs; a job never sees them. */
export function jobProcess(): JobProcess {
  const { program, args } = selfCommand();
  return { process: { program, args: [...args, jobProcessCommand] }, env: processEnv() };
}

function processEnv(): Record<string, string> {
  const names = ["HOME", "XDG_CACHE_HOME", "DENO_DIR", "PLASMD_CACHE_DIR"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
