/**
 * `plasmd job verify`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context } from "../context.ts";
import { receiptText } from "../job_flags.ts";
import { parseKeyid } from "../parse.ts";

/** The options of `job verify`. */
type JobVerifyFlags = {
  readonly worker: string;
  readonly spec?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly json: boolean;
};

/** The command. */
export const jobVerifyCommand: Command<Context> = command<JobVerifyFlags, [string]>({
  brief: "Check a receipt, without a network",
  description: "Checks a receipt against its worker's key and, where they are given, the signed " +
    "job and the output. It proves what that worker claims. Exit code 4: refused, with the reason.",
  examples: [
    ["plasmd job verify receipt.json --worker ed25519:...", "did this worker sign it?"],
    ["plasmd job verify receipt.json --worker ed25519:... --stdout out.txt", "is this its output?"],
  ],
  flags: {
    worker: {
      kind: "parsed",
      parse: parseKeyid,
      brief: "The key of the worker that must have signed",
      placeholder: "KEYID",
    },
    spec: textFlag("The signed job that it must be for", "FILE"),
    stdout: textFlag("What the job must have written to stdout", "FILE"),
    stderr: textFlag("What the job must have written to stderr", "FILE"),
    json: jsonFlag,
  },
  positional: {
    kind: "tuple",
    parameters: [{ brief: "The receipt", placeholder: "RECEIPT", parse: String }],
  },
  async run({ ui, deps }, { worker, spec, stdout, stderr, json }, file) {
    const { checkReceipt } = await import("../../jobs/client/check_receipt.ts");
    const { openJobSpec } = await import("../../formats/job_spec.ts");
    const { readBounded } = await import("../../lib/files.ts");
    const { jobFormatLimits, jobLimits } = await import("../../lib/limits.ts");
    const read = async (path: string | undefined, max: number) =>
      path === undefined ? undefined : await readBounded(path, max);
    const job = await read(spec, jobFormatLimits.specBytes);
    const receipt = checkReceipt(await readBounded(file, jobFormatLimits.receiptBytes), {
      worker,
      job: job && openJobSpec(job),
      stdout: await read(stdout, jobLimits.inputBytes),
      stderr: await read(stderr, jobLimits.inputBytes),
      now: deps.clock.now(),
    });
    if (json) return ui.json(receipt);
    ui.result(receiptText(receipt));
  },
});
