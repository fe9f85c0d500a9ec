/**
 * The values of flags, parsed once, with messages that name what is wanted.
 *
 * @module
 */

import { publicKeyOf } from "../identity/keyid.ts";
import { formatLimits } from "../lib/limits.ts";
import { durationText, printable } from "../lib/text.ts";

/** A TCP port, 0 to 65535. */
export function parsePort(input: string): number {
  const port = /^\d{1,5}$/.test(input) ? Number(input) : NaN;
  if (port <= 65_535) return port;
  throw new SyntaxError(`Invalid port "${printable(input)}": it is a number from 0 to 65535`);
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A lifetime like `30d`, `12h` or `90m`, in milliseconds; at most what a manifest may live. */
export function parseDays(input: string): number {
  return parseLifetime(input, formatLimits.lifetimeMs);
}

/** The same for what may live for longer, or not so long; `max` in milliseconds. */
export function parseLifetime(input: string, max: number): number {
  const match = /^(\d{1,6})([mhd])$/.exec(input);
  if (match === null) {
    throw new SyntaxError(`Invalid time "${printable(input)}": write it like 30d, 12h or 90m`);
  }
  const ms = Number(match[1]) * units[match[2]!]!;
  if (ms > 0 && ms <= max) return ms;
  throw new SyntaxError(
    `Invalid time "${printable(input)}": it lies between 1m and ${durationText(max)}`,
  );
}

/** A whole number of seconds above 0, in milliseconds. */
export function parseSeconds(input: string): number {
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(input) ? Number(input) : NaN;
  if (seconds > 0) return seconds * 1000;
  throw new SyntaxError(`Invalid number of seconds "${printable(input)}": it is above 0`);
}

/** A level of zstd. Its higher ones need more memory to unpack than a kernel has. */
export function parseLevel(input: string): number {
  if (/^([1-9]|1\d)$/.test(input)) return Number(input);
  throw new SyntaxError(`Invalid level "${printable(input)}": it is a number from 1 to 19`);
}

/** A keyid: a key that is mistyped is not a key that didn't sign. */
export function parseKeyid(input: string): string {
  if (publicKeyOf(input) !== undefined) return input;
  throw new SyntaxError(
    `Invalid keyid "${printable(input)}": it is ed25519: and 64 lower-case hex digits`,
  );
}

/** How many keys must have signed: a whole number. Whether it can be reached, the policy says. */
export function parseThreshold(input: string): number {
  if (/^\d{1,3}$/.test(input)) return Number(input);
  throw new SyntaxError(`Invalid threshold "${printable(input)}": it is a number of keys`);
}
