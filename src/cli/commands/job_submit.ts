/**
 * `plasmd job submit`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { jobFormatLimits } from "../../lib/limits.ts";
import { command, jsonFlag, textFlag, textsFlag } from "../command.ts";
import type { Context } from "../context.ts";
import { jobStateFlag, pairOf, writeThrough } from "../job_flags.ts";
import { parseLifetime, parseSeconds } from "../parse.ts";
import { parseSize } from "../size.ts";

/** The options of `job submit`. */
type JobSubmitFlags = {
  readonly worker: string;
  readonly workerKey: string;
  readonly key?: string;
  readonly timeout?: number;
  readonly memory?: number;
  readonly outputBytes?: number;
  readonly expires?: number;
  readonly env?: readonly string[];
  readonly file?: readonly string[];
  readonly stdin?: string;
  readonly receipt?: string;
  readonly stateDir?: string;
  readonly deterministic: boolean;
  readonly wait: boolean;
  readonly json: boolean;
};

const hourMs = 3_600_000;
const size = { kind: "parsed", parse: parseSize, placeholder: "SIZE", optional: true } as const;

/** The command. */
export const jobSubmitCommand: Command<Context> = command<JobSubmitFlags, string[]>({
  brief: "Have a worker run a WebAssembly module",
  description: "Signs a job for one worker and hands it in with its files. With --wait, checks " +
    "the worker's receipt and output, prints the output, and exits as job run does. Exit code 4: " +
    "the receipt does not prove it; 5: the worker can't be reached.",
  examples: [
    [
      "plasmd job submit --worker http://192.0.2.7:8080 --worker-key ed25519:... hello.wasm",
      "print the job's id",
    ],
    [
      "plasmd job submit --worker http://192.0.2.7:8080 --worker-key ed25519:... --wait " +
      "hello.wasm -- one two",
      "wait for its verified output",
    ],
  ],
  flags: {
    worker: {
      kind: "parsed",
      parse: String,
      brief: "Where the worker listens",
      placeholder: "URL",
    },
    workerKey: {
      kind: "parsed",
      parse: String,
      brief: "The worker's key: no other may run the job or sign its receipt",
      placeholder: "KEYID",
    },
    key: textFlag("The key file that signs, instead of this machine's", "FILE"),
    timeout: {
      kind: "parsed",
      parse: parseSeconds,
      brief: "Seconds that it may run; default: 60",
      placeholder: "SECONDS",
      optional: true,
    },
    memory: { ...size, brief: "Memory that it may use; default: 1 GiB" },
    outputBytes: { ...size, brief: "Output that it may write; default: 16 MiB" },
    expires: {
      kind: "parsed",
      parse: (input) => parseLifetime(input, jobFormatLimits.lifetimeMs),
      brief: "How long the worker may take it; default: 1h",
      placeholder: "TIME",
      optional: true,
    },
    env: textsFlag("A variable that it sees", "NAME=VALUE"),
    file: textsFlag("A file that it finds under NAME", "NAME=PATH"),
    stdin: textFlag("A file that it reads as standard input", "PATH"),
    receipt: textFlag("Where the verified receipt goes, with --wait", "FILE"),
    stateDir: jobStateFlag,
    deterministic: {
      kind: "boolean",
      brief: "Stop the clock and seed randomness, so that every run is the same",
      default: false,
      withNegated: false,
    },
    wait: {
      kind: "boolean",
      brief: "Wait for its end, and print its output",
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
    const { prepareJob, rememberJob, submittedJob } = await import("../../node/job_client.ts");
    const { collectJob, submitJob, waitForJob } = await import("../../jobs/client/submit.ts");
    const { providerOrigin } = await import("../../node/provider_client.ts");
    const { readIdentity } = await import("../../identity/key_file.ts");
    const { writeAtomic } = await import("../../lib/files.ts");
    const origin = providerOrigin(flags.worker);
    const submission = await prepareJob(
      {
        worker: flags.workerKey,
        module: module!,
        args,
        env: (flags.env ?? []).map((pair) => pairOf(pair, "env")),
        files: (flags.file ?? []).map((pair) => pairOf(pair, "file")),
        stdin: flags.stdin,
        deterministic: flags.deterministic,
        wallMs: flags.timeout,
        memoryBytes: flags.memory,
        outputBytes: flags.outputBytes,
        lifetimeMs: flags.expires ?? hourMs,
      },
      await readIdentity(flags.key),
      run.deps,
    );
    const { job, transport } = submittedJob(submission.spec, origin, run.deps);
    // Before it is sent: whatever happens then, its id is known here.
    await rememberJob(submission.spec, origin, job.id, flags.stateDir);
    const options = { signal: run.signal };
    const status = await submitJob(transport, submission, options);
    if (!flags.wait) return flags.json ? run.ui.json(status) : run.ui.result(job.id);
    await waitForJob(transport, job.id, options, run.deps);
    const result = await collectJob(transport, job, options, run.deps);
    if (flags.receipt !== undefined) await writeAtomic(flags.receipt, result.receiptBytes);
    if (flags.json) {
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      const { receipt, stdout, stderr } = result;
      run.ui.json({ receipt, stdout: text(stdout), stderr: text(stderr) });
    } else {
      writeThrough("stdout", result.stdout);
      writeThrough("stderr", result.stderr);
      if (result.receipt.completion !== "exit") {
        run.ui.warn(`the job ended by ${result.receipt.completion}`);
      }
    }
    run.exit(result.receipt.exit_code);
  },
});
