/**
 * `plasmd job run`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { PlasmdError } from "../../lib/errors.ts";
import { formatSize, parseSize } from "../size.ts";
import { command, jsonFlag, textFlag, textsFlag } from "../command.ts";
import type { Context, Run } from "../context.ts";
import { parseSeconds } from "../parse.ts";

/** The options of `job run`. */
type JobRunFlags = {
  readonly timeout?: number;
  readonly memory?: number;
  readonly outputLimit?: number;
  readonly env?: readonly string[];
  readonly file?: readonly string[];
  readonly stdin?: string;
  readonly deterministic: boolean;
  readonly json: boolean;
};

/** The command. */
export const jobRunCommand: Command<Context> = command<JobRunFlags, string[]>({
  brief: "Run a WebAssembly module here, in a sandbox",
  description:
    "Runs a WASI preview 1 command module, or a WASI 0.2 component, in a process of its own that can reach nothing: no " +
    "files but those given, no network, no environment. It exits with the module's own code; 124 " +
    "on timeout, 126 for a module that is refused, 134 on a trap, 137 on memory, 1 when its " +
    "output was cut.",
  examples: [
    ["plasmd job run hello.wasm -- one two", "two arguments"],
    ["plasmd job run --file in.txt=./data.txt --timeout 5 count.wasm -- in.txt", "with a file"],
  ],
  flags: {
    timeout: {
      kind: "parsed",
      parse: parseSeconds,
      brief: "Seconds that it may run; default: 60",
      placeholder: "SECONDS",
      optional: true,
    },
    memory: {
      kind: "parsed",
      parse: parseSize,
      brief: `Memory that it may use; default: ${formatSize("memory")}`,
      placeholder: "SIZE",
      optional: true,
    },
    outputLimit: {
      kind: "parsed",
      parse: parseSize,
      brief: `Output that it may write; default: ${formatSize("output")}`,
      placeholder: "SIZE",
      optional: true,
    },
    env: textsFlag("A variable that it sees", "NAME=VALUE"),
    file: textsFlag("A file that it finds under NAME", "NAME=PATH"),
    stdin: textFlag("A file that it reads as standard input; - is our own", "PATH"),
    deterministic: {
      kind: "boolean",
      brief: "Stop the clock and seed randomness, so that every run is the same",
      default: false,
      withNegated: false,
    },
    json: jsonFlag,
  },
  positional: {
    kind: "array",
    parameter: { brief: "The module, then its arguments", placeholder: "MODULE", parse: String },
    minimum: 1,
  },
  async run(run, flags, module, ...args) {
    const { runLocalJob } = await import("../../node/local_job.ts");
    const collected = { stdout: "", stderr: "" };
    const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
    const outcome = await runLocalJob({
      module: module!,
      args,
      env: (flags.env ?? []).map((pair) => pairOf(pair, "env")),
      files: (flags.file ?? []).map((pair) => pairOf(pair, "file")),
      stdin: flags.stdin,
      deterministic: flags.deterministic,
      wallMs: flags.timeout,
      memoryBytes: flags.memory,
      outputBytes: flags.outputLimit,
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

/** What a job writes is its own business: it goes out byte for byte. */
function writeThrough(stream: "stdout" | "stderr", bytes: Uint8Array): void {
  const out = stream === "stdout" ? Deno.stdout : Deno.stderr;
  for (let done = 0; done < bytes.length;) done += out.writeSync(bytes.subarray(done));
}

function pairOf(text: string, flag: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new PlasmdError("usage", `Invalid --${flag} "${text}": write it like NAME=VALUE`);
}
