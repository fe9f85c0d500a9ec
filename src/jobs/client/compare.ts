/**
 * The same job on several workers: their receipts must say the same.
 *
 * @module
 */

import type { Receipt } from "../../formats/receipt.ts";

/** What several receipts of one job come to. */
export interface Comparison {
  /** Whether all say the same. */
  readonly agreed: boolean;
  /** What most of them say; where as many say something else, there is no majority. */
  readonly majority: readonly Receipt[];
  /** Those that say something else than most, or all where there is no majority. */
  readonly differing: readonly Receipt[];
}

/** Compares what a job came to: its end, its exit code, its output. Not when, where or by whom. */
export function compareReceipts(receipts: readonly Receipt[]): Comparison {
  const groups = [...Map.groupBy(receipts, resultOf).values()]
    .toSorted((a, b) => b.length - a.length);
  const [first = [], second = []] = groups;
  const majority = first.length > second.length ? first : [];
  return {
    agreed: groups.length <= 1,
    majority,
    differing: receipts.filter((one) => !majority.includes(one)),
  };
}

function resultOf({ completion, exit_code, stdout, stderr }: Receipt): string {
  return JSON.stringify([
    completion,
    exit_code,
    stdout.hash,
    stdout.size,
    stderr.hash,
    stderr.size,
  ]);
}
