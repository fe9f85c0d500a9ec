/**
 * Error code → HTTP status, for every code, and the problem details that go with it. RFC 9457.
 *
 * @module
 */

import { STATUS_CODES } from "node:http";
import { type ErrorCode, PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { commonHeaders, type Reply } from "./reply.ts";

const statuses = {
  usage: 400,
  config: 500,
  identity: 500,
  artifacts: 500,
  io: 500,
  // DESIGN 7: 403 is never dressed as 404; that *we* may not read a file is our fault, not theirs.
  permission: 500,
  no_space: 507,
  address_in_use: 500,
  busy: 503,
  unsupported: 501,
  malformed: 400,
  untrusted: 403,
  wrong_target: 404,
  expired: 403,
  not_yet_valid: 403,
  rollback: 409,
  no_policy: 403,
  policy: 500,
  mismatch: 422,
  unreachable: 502,
  bad_source: 502,
  transfer: 502,
  nothing_found: 404,
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method: 405,
  range: 416,
  precondition: 412,
  too_large: 413,
  too_many: 429,
  not_ready: 503,
  not_done: 409,
  changed: 503,
  module: 422,
  timeout: 504,
  cancelled: 503,
  failed: 500,
  internal: 500,
} as const satisfies Record<ErrorCode, number>;

/** The HTTP status of an error. */
export function statusOf(code: ErrorCode): number {
  return statuses[code];
}

/** What a problem can carry besides its error. */
export interface ProblemOptions {
  /** Where another status of the same kind says more: 414 and 431 are both `too_large`. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer to a request that failed: problem details with our code. */
export function problem(thrown: unknown, { status, headers }: ProblemOptions = {}): Reply {
  const error = toPlasmdError(thrown);
  const code = status ?? statuses[error.code];
  const wait = error.code === "not_ready" || error.code === "changed" || error.code === "busy";
  return {
    status: code,
    headers: {
      ...commonHeaders,
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...(wait ? { "Retry-After": "2" } : {}),
      ...headers,
    },
    body: new TextEncoder().encode(`${JSON.stringify(details(error, thrown, code))}\n`),
  };
}

function details(error: PlasmdError, thrown: unknown, status: number): Record<string, unknown> {
  const open = isPublic(error, thrown);
  return {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    code: error.code,
    detail: open ? error.message : "The request failed; the log has the reason",
    hint: open ? error.hint : undefined,
  };
}

/** DESIGN 7: what went wrong inside is for the log, not for whoever asked. */
function isPublic(error: PlasmdError, thrown: unknown): boolean {
  if (!(thrown instanceof PlasmdError)) return false;
  return statuses[error.code] < 500 || error.code === "not_ready" || error.code === "changed";
}
