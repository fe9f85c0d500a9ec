/**
 * When a provider is asked again, and when it is given up.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import type { Random } from "../lib/random.ts";
import type { TransferLimits } from "./limits.ts";

/** What a provider asked for that has no time for us. */
export interface AskedToWait {
  readonly retryAfterMs: number;
}

/** Seconds or an HTTP date → milliseconds from now; undefined where it is neither. RFC 9110 10.2.3. */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * The error for a status that isn't what was asked for: `unreachable` where it can pass,
 * `bad_source` where asking again is no use.
 */
export function statusError(
  status: number,
  retryAfter: string | undefined,
  now: number,
  limits: TransferLimits,
): PlasmdError {
  const said = `answered ${status}`;
  if (status !== 429 && status < 500) return new PlasmdError("bad_source", said);
  const retryAfterMs = parseRetryAfter(retryAfter, now);
  if (retryAfterMs === undefined) return new PlasmdError("unreachable", said);
  // DESIGN 9: nobody makes us wait for longer.
  if (retryAfterMs > limits.retryAfterSeconds * 1000) {
    const wish = printable(retryAfter!, 60);
    return new PlasmdError("bad_source", `${said} and wants us to wait for "${wish}"`);
  }
  return new PlasmdError("unreachable", said, { cause: { retryAfterMs } satisfies AskedToWait });
}

/** Milliseconds to wait after the nth failure in a row: doubled each time, at least what was asked. */
export function backoffMs(
  failures: number,
  error: PlasmdError,
  limits: TransferLimits,
  random: Random,
): number {
  const asked = (error.cause as Partial<AskedToWait> | undefined)?.retryAfterMs ?? 0;
  const most = limits.backoffMs * 2 ** Math.min(failures - 1, 6);
  // Jitter, so that a thousand machines that boot at once don't come back at once.
  const jitter = random.bytes(1)[0]! / 255;
  return Math.max(asked, most * (0.5 + 0.5 * jitter));
}

/** Whether the provider can be asked again after this. */
export function isPassing(error: PlasmdError): boolean {
  return error.code === "unreachable" || error.code === "timeout";
}
