/**
 * A signal that also aborts when time is up.
 *
 * @module
 */

import type { Clock } from "../lib/clock.ts";
import { PlasmdError } from "../lib/errors.ts";

/** A signal with a time limit; disposing it ends the limit, not the signal it came from. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** Starts a time limit of `ms` milliseconds; its error says `message`. */
export function startDeadline(
  clock: Clock,
  ms: number,
  message: string,
  signal?: AbortSignal,
): Deadline {
  const late = new AbortController();
  const done = new AbortController();
  clock.sleep(ms, { signal: done.signal }).then(
    () => late.abort(new PlasmdError("unreachable", message)),
    () => {},
  );
  return {
    signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
    [Symbol.dispose]: () => done.abort(),
  };
}
