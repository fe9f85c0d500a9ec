/**
 * `plasmd job status`, `wait`, `logs`, `cancel`, `receipt` and `list`: jobs that were submitted
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { isFinal, type JobStatus } from "../../jobs/service/types.ts";
import type { PlasmdError } from "../../lib/errors.ts";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context, Run } from "../context.ts";
import { jobIdPositional, jobStateFlag, receiptText, writeThrough } from "../job_flags.ts";

type Flags = { readonly stateDir?: string; readonly json: boolean };

const flags = { stateDir: jobStateFlag, json: jsonFlag } as const;
const positional = jobIdPositional;

/** `job status`. */
export const jobStatusCommand: Command<Context> = command<Flags, [string]>({
  brief: "Say how a submitted job is",
  description: "Asks the job's worker. What it says is not proved: job receipt is.",
  examples: [["plasmd job status sha256:...", "waiting, running or done?"]],
  flags,
  positional,
  async run(run, { stateDir, json }, id) {
    const { job, transport } = await recall(run, id, stateDir);
    say(run, await transport.status(job.id, 0, { signal: run.signal }), json);
  },
});

/** `job wait`. */
export const jobWaitCommand: Command<Context> = command<Flags, [string]>({
  brief: "Wait for the end of a submitted job",
  examples: [["plasmd job wait sha256:...", "return once it has ended"]],
  flags,
  positional,
  async run(run, { stateDir, json }, id) {
    const { waitForJob } = await import("../../jobs/client/submit.ts");
    const { job, transport } = await recall(run, id, stateDir);
    const options = { signal: run.signal };
    say(run, await waitForJob(transport, job.id, options, run.deps), json);
  },
});

/** `job logs`. */
export const jobLogsCommand: Command<Context> = command<Flags, [string]>({
  brief: "Print the output of a submitted job",
  description: "Prints stdout and stderr of a job that is done, once both are what its receipt " +
    "says. Exit code 4 where they differ.",
  examples: [["plasmd job logs sha256:...", "its verified output"]],
  flags,
  positional,
  async run(run, { stateDir, json }, id) {
    const { collectJob } = await import("../../jobs/client/submit.ts");
    const { job, transport } = await recall(run, id, stateDir);
    const { stdout, stderr } = await collectJob(transport, job, { signal: run.signal }, run.deps);
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (json) return run.ui.json({ stdout: text(stdout), stderr: text(stderr) });
    writeThrough("stdout", stdout);
    writeThrough("stderr", stderr);
  },
});

/** `job cancel`. */
export const jobCancelCommand: Command<Context> = command<Flags & { key?: string }, [string]>({
  brief: "Cancel a submitted job",
  examples: [["plasmd job cancel sha256:...", "end it"]],
  flags: { ...flags, key: textFlag("The key file that signed the job", "FILE") },
  positional,
  async run(run, { stateDir, json, key }, id) {
    const { sealJobCancel } = await import("../../formats/job_cancel.ts");
    const { readIdentity } = await import("../../identity/key_file.ts");
    const { job, transport } = await recall(run, id, stateDir);
    const order = sealJobCancel(job.id, await readIdentity(key));
    const status = await transport.cancel(order, job.id, { signal: run.signal });
    // The worker answers before what runs has ended.
    if (!isFinal(status.state)) run.ui.note("the worker has taken the order; the job ends soon");
    say(run, status, json);
  },
});

type ReceiptFlags = Flags & { readonly output?: string; readonly specOutput?: string };

/** `job receipt`. */
export const jobReceiptCommand: Command<Context> = command<ReceiptFlags, [string]>({
  brief: "Fetch and check the receipt of a submitted job",
  description: "Checks the receipt against the job and its worker's key. Exit code 4: refused.",
  examples: [["plasmd job receipt sha256:... --output receipt.json", "keep it"]],
  flags: {
    ...flags,
    output: textFlag("Where the receipt goes, byte for byte", "FILE"),
    specOutput: textFlag("Where the signed job goes, for job verify --spec", "FILE"),
  },
  positional,
  async run(run, { stateDir, json, output, specOutput }, id) {
    const { checkReceipt } = await import("../../jobs/client/check_receipt.ts");
    const { writeAtomic } = await import("../../lib/files.ts");
    const { job, bytes: spec, transport } = await recall(run, id, stateDir);
    const bytes = await transport.receipt(job.id, { signal: run.signal });
    const worker = job.spec.worker;
    const receipt = checkReceipt(bytes, { worker, job, now: run.deps.clock.now() });
    if (output !== undefined) await writeAtomic(output, bytes);
    if (specOutput !== undefined) await writeAtomic(specOutput, spec);
    if (json) return run.ui.json(receipt);
    run.ui.result(receiptText(receipt));
  },
});

/** `job list`. */
export const jobListCommand: Command<Context> = command<Flags>({
  brief: "List the jobs that were submitted from here",
  examples: [["plasmd job list", "their ids and workers"]],
  flags,
  async run(run, { stateDir, json }) {
    const { recallJobs } = await import("../../node/job_client.ts");
    const onBroken = ({ message, hint }: PlasmdError) => run.ui.warn(`${message}: ${hint}`);
    const jobs = (await recallJobs(run.deps, { stateDir, onBroken })).map((
      { job: { id, spec }, origin },
    ) => ({
      job_id: id,
      worker: spec.worker,
      origin,
      expires_at: spec.expires_at,
    }));
    if (json) return run.ui.json({ jobs });
    for (const { job_id, origin, worker } of jobs) run.ui.result(`${job_id} ${origin} ${worker}`);
  },
});

async function recall(run: Run, id: string, stateDir?: string) {
  const { recallJob } = await import("../../node/job_client.ts");
  return await recallJob(id, run.deps, stateDir);
}

function say({ ui }: Run, status: JobStatus, json: boolean): void {
  if (json) return ui.json(status);
  const { job_id, state, position, completion, exit_code, problem } = status;
  const more = problem !== null
    ? `: ${problem.detail}`
    : completion !== null
    ? `: ${completion}, exit code ${exit_code}`
    : position !== null
    ? `, ${position} before it`
    : "";
  ui.result(`${job_id} ${state}${more}`);
}
