/**
 * The end of a job: one transaction that writes its last state, with the receipt where there is
 * one.
 *
 * @module
 */

import { machineArch } from "../../formats/names.ts";
import { sealReceipt } from "../../formats/receipt.ts";
import { formatTime } from "../../formats/time.ts";
import type { Identity } from "../../identity/key_file.ts";
import { sha256Hex } from "../../lib/bytes.ts";
import type { Deps } from "../../lib/deps.ts";
import { toPlasmdError } from "../../lib/errors.ts";
import { jobServiceLimits } from "../../lib/limits.ts";
import { printable } from "../../lib/text.ts";
import type { JobOutcome } from "../job.ts";
import type { Kept } from "./kept.ts";
import type { Notices } from "./notices.ts";
import type { KeptStream } from "./output.ts";
import type { JobProblem, JobStore, StoredJob } from "./store.ts";
import type { StreamName } from "./types.ts";

/** How a job ended. */
export interface Ran {
  readonly outcome: JobOutcome;
  readonly streams: Readonly<Record<StreamName, KeptStream>>;
  /** What ran it. */
  readonly runtime: string;
  /** `sha256:` of the module. */
  readonly module: string;
}

/** Ends jobs. */
export interface Endings {
  /** How many ended since the start. */
  readonly counts: Readonly<Record<"done" | "refused" | "lost", number>>;
  /**
   * Ends a job with a signed receipt.
   *
   * @throws {PlasmdError} `no_space` or `io` where it can't be written
   */
  done(job: StoredJob, ran: Ran): void;
  /** Ends a job without one. Where not even that can be written, it is tried again later. */
  fail(job: StoredJob, state: "refused" | "lost", problem: JobProblem): void;
  /** Writes what couldn't be written before. */
  retry(): void;
}

/** What endings are made with. */
export interface EndingParts {
  readonly store: JobStore;
  readonly kept: Kept;
  readonly notices: Notices;
  readonly identity: Pick<Identity, "seed" | "keyid">;
}

/** What a job wrote that never ran. */
export const noOutput: Readonly<Record<StreamName, KeptStream>> = {
  stdout: { hash: `sha256:${sha256Hex(new Uint8Array())}`, size: 0 },
  stderr: { hash: `sha256:${sha256Hex(new Uint8Array())}`, size: 0 },
};

/** Ends jobs of a store. */
export function makeEndings(
  { store, kept, notices, identity }: EndingParts,
  { clock, log, meter }: Pick<Deps, "clock" | "log" | "meter">,
): Endings {
  const counts = { done: 0, refused: 0, lost: 0 };
  const unwritten = new Map<string, () => void>();
  const told = (job: StoredJob, state: keyof typeof counts, bytes: number) => {
    kept.add(job.submitter, bytes);
    counts[state]++;
    meter.add("plasmd_jobs_ended_total", 1, { state });
    notices.tell(job.id);
  };
  const fail: Endings["fail"] = (job, state, { code, detail }) => {
    const problem = { code, detail: printable(detail, jobServiceLimits.problemChars) };
    try {
      const ended = store.fail(job.id, state, problem, clock.now());
      unwritten.delete(job.id);
      if (!ended) return;
    } catch (thrown) {
      const reason = toPlasmdError(thrown).message;
      log.error("The end of a job can't be written, and is tried again", { reason });
      unwritten.set(job.id, () => fail(job, state, problem));
      return;
    }
    log.info("A job ended without a receipt", { job: shortId(job.id), state, ...problem });
    told(job, state, 0);
  };
  return {
    counts,
    fail,
    done(job, { outcome, streams, runtime, module }) {
      const now = clock.now();
      const startedAt = job.startedAt ?? now;
      const completedAt = Math.max(now, startedAt); // a clock that was set back
      const { completion, exitCode } = outcome;
      const truncated = completion === "output";
      const receipt = sealReceipt({
        job_id: job.id,
        worker: identity.keyid,
        submitter: job.submitter,
        module,
        exit_code: exitCode & 0xff,
        completion,
        stdout: { ...streams.stdout, truncated },
        stderr: { ...streams.stderr, truncated },
        started_at: formatTime(startedAt),
        completed_at: formatTime(completedAt),
        runtime,
        arch: machineArch(),
      }, identity);
      const [stdoutSize, stderrSize] = [streams.stdout.size, streams.stderr.size];
      const ended = store.finish(job.id, {
        completedAt,
        completion,
        exitCode: exitCode & 0xff,
        stdoutSize,
        stderrSize,
        receipt,
      });
      if (!ended) return;
      log.debug("The end of a job is written", { job: shortId(job.id), completion });
      meter.add("plasmd_jobs_run_seconds_total", (completedAt - startedAt) / 1000);
      told(job, "done", stdoutSize + stderrSize);
    },
    retry() {
      for (const again of [...unwritten.values()]) again();
    },
  };
}

/** Enough of an id to find a job in the log: the whole id would read its result. */
export function shortId(id: string): string {
  return id.replace("sha256:", "").slice(0, 12);
}
