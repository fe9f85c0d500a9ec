/**
 * What a worker may say went wrong. The codes that speak of our own command line, keys or machine
 * are not a worker's to use: it must not choose our exit code or our hints with them.
 *
 * @module
 */

import { type ErrorCode, PlasmdError } from "../../lib/errors.ts";

const said: ReadonlySet<unknown> = new Set<ErrorCode>([
  ...["malformed", "untrusted", "wrong_target", "expired", "not_yet_valid", "mismatch"] as const,
  ...["bad_request", "unauthorized", "forbidden", "not_found", "method", "range"] as const,
  ...["precondition", "too_large", "too_many", "not_ready", "not_done", "module"] as const,
  ...["no_space", "unsupported", "timeout"] as const,
]);

/** The worker's code where it is one of a worker's, else `bad_source`. */
export function refusalCode(code: unknown): ErrorCode {
  return said.has(code) ? code as ErrorCode : "bad_source";
}

/** The worker's refusal as an error of ours. */
export function refusalOf(code: unknown, message: string): PlasmdError {
  return new PlasmdError(refusalCode(code), message, { blame: "peer" });
}
