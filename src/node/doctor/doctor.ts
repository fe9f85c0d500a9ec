/**
 * `plasmd doctor`: whether this machine, as it is configured, can do what is asked of it.
 *
 * @module
 */

import type { Deps } from "../../lib/deps.ts";
import { toPlasmdError } from "../../lib/errors.ts";
import { printable } from "../../lib/text.ts";
import type { Finding, FindingStatus } from "./finding.ts";

/** A check by its name; the name is for people and programs. */
export interface DoctorCheck {
  readonly name: string;
  run(): Finding | Promise<Finding>;
}

/** A line of the report. */
export interface DoctorLine extends Finding {
  readonly name: string;
}

/** What all checks came to. */
export interface DoctorReport {
  /** The worst of all lines. */
  readonly status: FindingStatus;
  readonly checks: readonly DoctorLine[];
}

/** Runs the checks one after another; one that breaks doesn't stop the others. */
export async function examine(
  checks: readonly DoctorCheck[],
  { signal }: { readonly signal: AbortSignal },
  { log }: Pick<Deps, "log">,
): Promise<DoctorReport> {
  const lines: DoctorLine[] = [];
  for (const check of checks) {
    signal.throwIfAborted();
    log.debug("Checking", { check: check.name });
    lines.push({ name: check.name, ...await findingOf(check) });
  }
  signal.throwIfAborted();
  return { status: worst(lines), checks: lines };
}

async function findingOf({ run }: DoctorCheck): Promise<Finding> {
  try {
    return await run();
  } catch (thrown) {
    const { message, hint } = toPlasmdError(thrown);
    const found = `the check itself failed: ${printable(message, 1000)}`;
    return { status: "wrong", found, todo: hint ?? "run it again with -v to see more" };
  }
}

function worst(lines: readonly DoctorLine[]): FindingStatus {
  const order: readonly FindingStatus[] = ["wrong", "warning"];
  return order.find((status) => lines.some((line) => line.status === status)) ?? "ok";
}
