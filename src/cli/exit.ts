/**
 * Error code → exit code, for every code. DESIGN 13.
 *
 * @module
 */

import { type ErrorCode, PlasmdError, toPlasmdError } from "../lib/errors.ts";

const exitCodes = {
  usage: 2,
  config: 2,
  identity: 2,
  artifacts: 2,
  io: 1,
  permission: 1,
  no_space: 1,
  address_in_use: 1,
  busy: 1,
  unsupported: 1,
  malformed: 4,
  untrusted: 4,
  wrong_target: 4,
  expired: 4,
  not_yet_valid: 4,
  rollback: 4,
  no_policy: 4,
  policy: 4,
  mismatch: 4,
  unreachable: 5,
  bad_source: 5,
  transfer: 5,
  nothing_found: 3,
  bad_request: 1,
  unauthorized: 1,
  forbidden: 1,
  not_found: 1,
  method: 1,
  range: 1,
  precondition: 1,
  too_large: 1,
  too_many: 1,
  not_ready: 1,
  not_done: 1,
  changed: 1,
  module: 126,
  timeout: 1,
  cancelled: 130,
  failed: 1,
  internal: 1,
} as const satisfies Record<ErrorCode, number>;

/** The exit code for any thrown value. */
export function exitCodeFor(thrown: unknown): number {
  return exitCodes[toPlasmdError(thrown).code];
}

/** The exit code for stricli's own: its negative numbers are all wrong usage. */
export function exitCodeFromParser(code: number | string | null | undefined): number {
  const number = Number(code ?? 0);
  return number < 0 ? 2 : number;
}

/** Whether the error is a mistake of ours, for which a report is wanted. */
export function isOurs(thrown: unknown): boolean {
  return !(thrown instanceof PlasmdError) && toPlasmdError(thrown).code === "internal";
}
