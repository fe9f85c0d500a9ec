/**
 * What a check of `plasmd doctor` says.
 *
 * @module
 */

import { toPlasmdError } from "../../lib/errors.ts";
import { printable } from "../../lib/text.ts";

/** `wrong`: plasmd can't do its work so; `warning`: a part of it, or not for long. */
export type FindingStatus = "ok" | "warning" | "wrong";

/** What was found, and what to do about it. */
export interface Finding {
  readonly status: FindingStatus;
  readonly found: string;
  /** What to do next; only where something isn't as it should be. */
  readonly todo?: string;
}

/** A finding that asks for nothing. */
export function ok(found: string): Finding {
  return { status: "ok", found };
}

/** A finding that limits what can be done. */
export function warning(found: string, todo: string): Finding {
  return { status: "warning", found, todo };
}

/** A finding that must be mended. */
export function wrong(found: string, todo: string): Finding {
  return { status: "wrong", found, todo };
}

/** The finding for a check that failed; its own hint says more than the usual one. */
export function failedWith(
  thrown: unknown,
  usual: string,
  status: "warning" | "wrong" = "wrong",
): Finding {
  const { message, hint } = toPlasmdError(thrown);
  return { status, found: printable(message, 1000), todo: hint ?? usual };
}
