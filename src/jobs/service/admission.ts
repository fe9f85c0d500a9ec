/**
 * Whether a job is taken: who sends it, to whom, until when, and how much it asks for.
 *
 * @module
 */

import type { JobSpec } from "../../formats/job_spec.ts";
import { parseTime } from "../../formats/time.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobFormatLimits, jobLimits, jobServiceLimits } from "../../lib/limits.ts";
import { bytesText, durationText } from "../../lib/text.ts";
import type { NewJob } from "./store.ts";
import type { WorkerLimits } from "./types.ts";

/**
 * Looks at who sends a job to whom, before its signature is checked.
 *
 * @throws {PlasmdError} `wrong_target` or `forbidden`
 */
export function checkParties(
  { worker, submitter }: JobSpec,
  { self, allow }: { readonly self: string; readonly allow: ReadonlySet<string> },
): void {
  // DESIGN 11: `worker` is the keyid it is meant for: nobody can replay a job to a second worker.
  if (worker !== self) {
    throw new PlasmdError("wrong_target", `The job is meant for another worker: ${worker}`, {
      hint: `this one is ${self}`,
    });
  }
  // DESIGN 11: only submitters in [jobs] allow are served.
  if (!allow.has(submitter)) {
    throw new PlasmdError("forbidden", `This worker runs no jobs of ${submitter}`, {
      hint: "its operator can allow them: [jobs] allow in provider.toml",
    });
  }
}

/**
 * Looks at a job's validity.
 *
 * @throws {PlasmdError} `expired`, or `not_yet_valid` where it ends too far ahead
 */
export function checkTime({ expires_at: text }: JobSpec, now: number): number {
  const expiresAt = parseTime(text)!;
  if (expiresAt <= now) throw new PlasmdError("expired", `The job expired at ${text}`);
  const { lifetimeMs, aheadMs } = jobFormatLimits;
  if (expiresAt <= now + lifetimeMs + aheadMs) return expiresAt;
  throw new PlasmdError(
    "not_yet_valid",
    `The job expires at ${text}, more than ${durationText(lifetimeMs)} ahead`,
    { hint: "give it a shorter validity, and check the clocks of both machines" },
  );
}

/**
 * Looks at what a job asks for.
 *
 * @throws {PlasmdError} `too_large`, naming the limit
 */
export function checkAsked({ limits: asked }: JobSpec, given: WorkerLimits): void {
  const [wall, memory, output] = [asked.wall_ms, asked.memory_bytes, asked.output_bytes];
  const problem = wall > given.wallMs
    ? `wall_ms is ${wall}, this worker gives ${given.wallMs}`
    : memory > given.memoryBytes
    ? `memory_bytes is ${bytesText(memory)}, this worker gives ${bytesText(given.memoryBytes)}`
    : output > given.outputBytes
    ? `output_bytes is ${bytesText(output)}, this worker gives ${bytesText(given.outputBytes)}`
    : undefined;
  if (problem !== undefined) {
    throw new PlasmdError("too_large", `The job asks too much: ${problem}`);
  }
}

/** How many jobs have not started. */
export interface Pending {
  readonly all: number;
  readonly own: number;
}

/**
 * Looks at how many jobs wait already.
 *
 * @throws {PlasmdError} `too_many`
 */
export function checkQueue({ all, own }: Pending): void {
  const { queued, queuedPerSubmitter } = jobServiceLimits;
  if (own < queuedPerSubmitter && all < queued) return;
  const whose = own >= queuedPerSubmitter ? `${own} jobs of yours` : `${all} jobs`;
  throw new PlasmdError("too_many", `The queue is full: ${whose} have not started`, {
    hint: "try again when some of them have ended",
  });
}

/** The digests of a job's input, and how large each may be. */
export function needsOf({ module, stdin, files }: JobSpec): NewJob["needs"] {
  const needs = new Map([[module, jobLimits.moduleBytes as number]]);
  for (const digest of [...(stdin === null ? [] : [stdin]), ...Object.values(files)]) {
    if (!needs.has(digest)) needs.set(digest, jobLimits.inputBytes);
  }
  return [...needs].map(([digest, most]) => ({ digest, most }));
}
