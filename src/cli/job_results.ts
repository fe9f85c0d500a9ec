/**
 * What `plasmd job submit` says of jobs that came to their end.
 *
 * @module
 */

import type { JobResult } from "../jobs/client/submit.ts";
import { PlasmdError } from "../lib/errors.ts";
import type { SubmitOptions } from "../node/job_submit.ts";
import type { WorkerChoice } from "../node/job_workers.ts";
import type { Run } from "./context.ts";
import { writeThrough } from "./job_flags.ts";

/** How a result is said. */
export interface ResultFlags {
  /** Where the verified receipt goes. */
  readonly receipt?: string;
  /** As one JSON document. */
  readonly json: boolean;
}

/** Prints a job's verified output, and ends as the job did. */
export async function sayResult(
  run: Run,
  { json, receipt: file }: ResultFlags,
  { receipt, receiptBytes, stdout, stderr }: JobResult,
): Promise<void> {
  const { writeAtomic } = await import("../lib/files.ts");
  if (file !== undefined) await writeAtomic(file, receiptBytes);
  if (json) {
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    run.ui.json({ receipt, stdout: text(stdout), stderr: text(stderr) });
  } else {
    writeThrough("stdout", stdout);
    writeThrough("stderr", stderr);
    if (receipt.completion !== "exit") run.ui.warn(`the job ended by ${receipt.completion}`);
  }
  run.exit(receipt.exit_code);
}

/**
 * Has several workers run the job; what they agree on is the result.
 *
 * @throws {PlasmdError} `mismatch` where they differ, with the keys of those that do
 */
export async function replicate(
  run: Run,
  flags: ResultFlags & { readonly replicas: number },
  workers: WorkerChoice[],
  options: SubmitOptions,
): Promise<void> {
  const { runOnSeveral } = await import("../node/job_submit.ts");
  const { compareReceipts } = await import("../jobs/client/compare.ts");
  const done = await runOnSeveral(workers, flags.replicas, options, run.deps);
  const receipts = done.map(({ result }) => result.receipt);
  const { agreed, majority, differing } = compareReceipts(receipts);
  if (agreed) {
    run.ui.note(`${receipts.length} workers agree`);
    return await sayResult(run, flags, done[0]!.result);
  }
  if (flags.json) run.ui.json({ agreed, receipts, differing: differing.map((one) => one.worker) });
  const named = differing.map(({ worker }) => worker).join(", ");
  throw new PlasmdError(
    "mismatch",
    majority.length === 0
      ? `No two workers more than others say the same: ${named}`
      : `Workers say something else than the ${majority.length} others: ${named}`,
    {
      hint: "either they run it wrongly, or the module isn't deterministic\n" +
        "plasmd job list and job receipt have the receipts",
      blame: "peer",
    },
  );
}
