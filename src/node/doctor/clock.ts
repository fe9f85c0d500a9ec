/**
 * Whether the clock can be right: manifests expire by it.
 *
 * @module
 */

import { doctorLimits } from "../../lib/limits.ts";
import { writtenAfter } from "../../trust/clock.ts";
import { type Finding, ok, wrong } from "./finding.ts";

/** Times in milliseconds since 1970. */
export interface ClockFacts {
  readonly now: number;
  /** What has happened already, with its time: the clock can't be before. */
  readonly past: readonly { readonly what: string; readonly at: number }[];
}

/** A clock is wrong that is behind what has happened, or far ahead of it. */
export function checkClock({ now, past }: ClockFacts): Finding {
  const events = [{ what: "plasmd was begun", at: writtenAfter }, ...past];
  const latest = events.reduce((a, b) => b.at > a.at ? b : a);
  const todo = "set it: timedatectl set-ntp true, or date -u -s 'YYYY-MM-DD hh:mm:ss'";
  if (now < latest.at) {
    return wrong(`it shows ${timeText(now)}, and ${latest.what} at ${timeText(latest.at)}`, todo);
  }
  if (now > writtenAfter + doctorLimits.clockAheadMs) {
    return wrong(`it shows ${timeText(now)}, which can't be`, todo);
  }
  return ok(`it is ${timeText(now)}`);
}

function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
