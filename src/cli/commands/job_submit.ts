/**
 * `plasmd job submit`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { Arch } from "../../formats/names.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { discoveryLimits, jobClientLimits, jobFormatLimits } from "../../lib/limits.ts";
import type { SubmitOptions } from "../../node/job_submit.ts";
import { command, jsonFlag, textFlag, textsFlag } from "../command.ts";
import type { Context } from "../context.ts";
import { bootstrapFlag } from "../dht_flags.ts";
import { bootstrapOf } from "../discover_flags.ts";
import { archFlag } from "../flags.ts";
import {
  jobStateFlag,
  jobWish,
  type JobWishFlags,
  jobWishFlags,
  modulePositional,
} from "../job_flags.ts";
import { parseLifetime, parseSeconds } from "../parse.ts";

/** The options of `job submit`. */
type JobSubmitFlags = JobWishFlags & {
  readonly worker: readonly string[];
  readonly workerKey?: readonly string[];
  readonly arch?: Arch;
  readonly runtime?: string;
  readonly bootstrap?: readonly string[];
  readonly findTimeout?: number;
  readonly replicas?: number;
  readonly key?: string;
  readonly expires?: number;
  readonly receipt?: string;
  readonly stateDir?: string;
  readonly wait: boolean;
  readonly json: boolean;
};

const hourMs = 3_600_000;

/** The command. */
export const jobSubmitCommand: Command<Context> = command<JobSubmitFlags, string[]>({
  brief: "Have a worker run a WebAssembly module",
  description: "Signs a job for one worker and hands it in with its files. With --wait, checks " +
    "the worker's receipt and output, prints the output, and exits as job run does; where a worker " +
    "fails, the next one gets the job. With --replicas several workers run it, and one whose " +
    "receipt differs is named. Exit code 3: no worker was found; 4: a receipt does not prove it, or " +
    "receipts differ; 5: no worker can be reached.",
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
    [
      "plasmd job submit --worker auto --bootstrap /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo... " +
      "--wait hello.wasm",
      "whoever takes it",
    ],
    [
      "plasmd job submit --worker auto --deterministic --replicas 3 hello.wasm",
      "three workers, whose receipts must agree",
    ],
  ],
  flags: {
    worker: {
      kind: "parsed",
      parse: String,
      brief: "Where a worker listens, its peer id, or auto; may be given several times",
      placeholder: "URL",
      variadic: true,
    },
    workerKey: textsFlag("The key of each worker named by URL, in order", "KEYID"),
    arch: { ...archFlag, brief: "With auto: arm64 or x86_64; default: any" },
    runtime: textFlag("With auto: wasm, v8-wasi-0.1 or v8-wasi-0.2; default: wasm", "RUNTIME"),
    bootstrap: bootstrapFlag,
    findTimeout: {
      kind: "parsed",
      parse: parseSeconds,
      brief: "Look for workers so long; default: 10 seconds",
      placeholder: "SECONDS",
      optional: true,
    },
    replicas: {
      kind: "parsed",
      parse: parseReplicas,
      brief: "Run it on so many workers and compare; needs --deterministic",
      placeholder: "K",
      optional: true,
    },
    key: textFlag("The key file that signs, instead of this machine's", "FILE"),
    ...jobWishFlags,
    expires: {
      kind: "parsed",
      parse: (input) => parseLifetime(input, jobFormatLimits.lifetimeMs),
      brief: "How long the worker may take it; default: 1h",
      placeholder: "TIME",
      optional: true,
    },
    receipt: textFlag("Where the verified receipt goes, with --wait", "FILE"),
    stateDir: jobStateFlag,
    wait: {
      kind: "boolean",
      brief: "Wait for its end, and print its output",
      default: false,
      withNegated: false,
    },
    json: jsonFlag,
  },
  positional: modulePositional,
  async run(run, flags, module, ...args) {
    const { readJob } = await import("../../node/job_input.ts");
    const { chooseWorkers } = await import("../../node/job_workers.ts");
    const { readIdentity } = await import("../../identity/key_file.ts");
    const { signal, deps } = run;
    if (flags.replicas !== undefined && !flags.deterministic) {
      throw new PlasmdError("usage", "--replicas needs --deterministic", {
        hint: "the clock and randomness would differ by themselves",
      });
    }
    const options: SubmitOptions = {
      input: await readJob(jobWish(flags, module!, args)),
      lifetimeMs: flags.expires ?? hourMs,
      identity: await readIdentity(flags.key),
      stateDir: flags.stateDir,
      signal,
      onPassed: ({ origin }, { message }) => run.ui.warn(`${origin}: ${message}`),
      onForgotten: (id) =>
        run.ui.warn(`job ${id} is not remembered: the state directory can't be written`),
    };
    const workers = await chooseWorkers({
      named: flags.worker,
      keys: flags.workerKey ?? [],
      bootstrap: bootstrapOf(flags),
      arch: flags.arch,
      runtime: flags.runtime,
      timeoutMs: flags.findTimeout ?? discoveryLimits.timeoutMs,
      signal,
    }, deps);
    const { replicate, sayResult } = await import("../job_results.ts");
    const { replicas } = flags;
    if (replicas !== undefined) {
      return await replicate(run, { ...flags, replicas }, workers, options);
    }
    const { runOnFirst, submitToFirst } = await import("../../node/job_submit.ts");
    if (!flags.wait) {
      const { status, job } = await submitToFirst(workers, options, deps);
      return flags.json ? run.ui.json(status) : run.ui.result(job.id);
    }
    await sayResult(run, flags, (await runOnFirst(workers, options, deps)).result);
  },
});

function parseReplicas(input: string): number {
  const count = Number(input);
  if (Number.isInteger(count) && count >= 2 && count <= jobClientLimits.replicas) return count;
  throw new SyntaxError(
    `Invalid number of replicas "${input}": it is 2 to ${jobClientLimits.replicas}`,
  );
}
