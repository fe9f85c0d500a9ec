/**
 * Jobs for others: the part `jobs` of `/status`. Counts, and nobody's name. DESIGN 7 and 11.
 *
 * @module
 */

import type { JobsReport } from "../jobs/service/types.ts";
import { type LimitsReport, limitsReport } from "./jobs/site.ts";

/** How it stands with jobs. */
export interface JobsStatusReport {
  readonly arch: string;
  readonly runtimes: readonly string[];
  readonly concurrency: number;
  readonly waiting: number;
  readonly queued: number;
  readonly running: number;
  /** Jobs that have ended and whose results are kept. */
  readonly kept: number;
  /** Jobs that ended since the start, by how. */
  readonly ended: Readonly<Record<"done" | "refused" | "lost", number>>;
  readonly input_bytes: number;
  readonly output_bytes: number;
  /** 0 idle to 100 full. */
  readonly load: number;
  /** What a job may ask for. */
  readonly limits: LimitsReport;
  /** How many submitters are allowed. */
  readonly submitters: number;
}

/** The report of a service. */
export function jobsReport(
  { blobBytes, outputBytes, limits, ...counts }: JobsReport,
  { arch, runtimes }: { readonly arch: string; readonly runtimes: readonly string[] },
): JobsStatusReport {
  return {
    arch,
    runtimes,
    ...counts,
    input_bytes: blobBytes,
    output_bytes: outputBytes,
    limits: limitsReport(limits),
  };
}
