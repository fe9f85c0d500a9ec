/**
 * What happens to a job, told as it happens: its states and its output.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";
import { jobServiceLimits } from "../../lib/limits.ts";
import type { Notices } from "./notices.ts";
import {
  isFinal,
  type JobEvent,
  type JobOutput,
  type JobStatus,
  type OutputPosition,
  type StreamName,
} from "./types.ts";

/** What following a job needs of the service. */
export interface Followed {
  readonly status: (id: string) => JobStatus | undefined;
  readonly output: (id: string, stream: StreamName) => JobOutput | undefined;
  /** How often a job was started. */
  readonly attempts: (id: string) => number;
  readonly notices: Notices;
}

/** A job once it has ended, or as it is when the signal aborts. */
export async function waitFor(
  id: string,
  signal: AbortSignal,
  { status, notices }: Pick<Followed, "status" | "notices">,
): Promise<JobStatus | undefined> {
  let now = status(id);
  while (now !== undefined && !isFinal(now.state) && !signal.aborted) {
    await notices.next(id, signal);
    if (notices.closed) return now;
    now = status(id);
  }
  return now;
}

/** Events from a position on. Where a job was started again, its output starts again at 0. */
export async function* followJob(
  id: string,
  { from, signal }: { readonly from?: OutputPosition; readonly signal: AbortSignal },
  job: Followed,
): AsyncIterable<JobEvent> {
  const { notices } = job;
  const at = { stdout: from?.stdout ?? 0, stderr: from?.stderr ?? 0 };
  let told: JobStatus["state"] | undefined;
  let attempts = job.attempts(id);
  while (!signal.aborted && !notices.closed) {
    const status = job.status(id);
    if (status === undefined) {
      if (told === undefined) throw new PlasmdError("not_found", "There is no such job");
      return;
    }
    if (job.attempts(id) > attempts && attempts > 0) at.stdout = at.stderr = 0;
    attempts = job.attempts(id);
    const final = isFinal(status.state);
    if (!final && status.state !== told) {
      told = status.state;
      yield { type: "state", status, at: { ...at } };
    }
    let grew = false;
    for (const stream of ["stdout", "stderr"] as const) {
      const event = await nextPiece(id, stream, at, job);
      if (event === undefined) continue;
      yield event;
      grew = true;
    }
    if (grew || notices.closed) continue;
    if (final && !notices.closed) return yield { type: "state", status, at: { ...at } };
    // Nothing was waited for since the job was looked at, or it is looked at again.
    if (unchanged(id, status, at, job)) await notices.next(id, signal);
  }
}

/** The next bytes of a stream; moves the position on. */
async function nextPiece(
  id: string,
  stream: StreamName,
  at: Record<StreamName, number>,
  { output, notices }: Followed,
): Promise<JobEvent | undefined> {
  if (notices.closed) return undefined; // the listener took its time
  const source = output(id, stream);
  const offset = at[stream];
  if (source === undefined || source.size <= offset) return undefined;
  const end = Math.min(source.size, offset + jobServiceLimits.eventBytes);
  const bytes = await source.read(offset, end).catch(() => undefined);
  if (bytes === undefined) return undefined; // it was started again, or forgotten
  at[stream] = end;
  return { type: stream, offset, bytes, at: { ...at } };
}

function unchanged(
  id: string,
  before: JobStatus,
  at: OutputPosition,
  { status, output }: Followed,
): boolean {
  const more = (stream: StreamName) => (output(id, stream)?.size ?? 0) > at[stream];
  return status(id)?.state === before.state && !more("stdout") && !more("stderr");
}
