/**
 * The last things that went wrong, for who may know: an operator shouldn't have to search the log.
 *
 * @module
 */

import type { Clock } from "../lib/clock.ts";
import type { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import type { ProblemReport } from "./report.ts";

/** Remembers problems. */
export interface Problems {
  /** Takes note of an error; the same one again is counted. */
  note(area: string, error: Pick<PlasmdError, "code" | "message">): void;
  /** What is remembered, the latest last. */
  list(): readonly ProblemReport[];
}

/** Remembers the last `max` different problems. */
export function makeProblems(max: number, clock: Clock): Problems {
  const kept = new Map<string, ProblemReport>();
  return {
    note(area, { code, message }) {
      const text = printable(message);
      const key = `${area} ${code} ${text}`;
      const count = (kept.get(key)?.count ?? 0) + 1;
      // Deleted first, so that the order is that of the last time.
      kept.delete(key);
      kept.set(key, { at: new Date(clock.now()).toISOString(), area, code, message: text, count });
      if (kept.size > max) kept.delete(kept.keys().next().value!);
    },
    list: () => [...kept.values()],
  };
}
