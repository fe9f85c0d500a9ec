/**
 * `plasmd job run`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { PlasmdError } from "../../lib/errors.ts";
import { command, jsonFlag } from "../command.ts";
import type { Context, Run } from "../context.ts";
import {
  jobWish,
  type JobWishFlags,
  jobWishFlags,
  modulePositional,
  writeThrough,
} from "../job_flags.ts";

/** The options of `job run`. */
type JobRunFlags = JobWishFlags & { readonly json: boolean };

/** The command. */
export const jobRunCommand: Command<Context> = command<JobRunFlags, string[]>({
  brief: "Run a WebAssembly module here, in a sandbox",
  description:
    "Runs a WASI preview 1 command module, or a WASI 0.2 component, in a process of its own that " +
    "can reach nothing: no files but those given, no network, no environment. It exits with the " +
    "module's own code; 124 on timeout, 126 for a module that is refused, 134 on a trap, 137 on " +
    "memory, 1 when its output was cut.",
  examples: [
    ["plasmd job run hello.wasm -- one two", "two arguments"],
    ["plasmd job run --file in.txt=./data.txt --timeout 5 count.wasm -- in.txt", "with a file"],
  ],
  flags: { ...jobWishFlags, json: jsonFlag },
  positional: modulePositional,
  async run(run, flags, module, ...args) {
    const { runLocalJob } = await import("../../node/local_job.ts");
    const collected = { stdout: "", stderr: "" };
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    const outcome = await runLocalJob({
      ...jobWish(flags, module!, args),
      signal: run.signal,
      write: flags.json
        ? (stream, bytes) => collected[stream] += decoders[stream].decode(bytes, { stream: true })
        : writeThrough,
    }, run.deps);
    if (flags.json) run.ui.json({ ...report(outcome), ...collected });
    else if (outcome.completion !== "exit") sayHow(run, outcome);
    run.exit(outcome.exitCode);
  },
});

function report({ completion, exitCode, reason }: Outcome) {
  return { completion, exit_code: exitCode, reason: reason ?? null };
}

type Outcome = Awaited<ReturnType<typeof import("../../node/local_job.ts").runLocalJob>>;

function sayHow({ ui }: Run, { completion, reason }: Outcome): void {
  ui.error(
    new PlasmdError("failed", `The job ended by ${completion}${reason ? `: ${reason}` : ""}`),
  );
}
