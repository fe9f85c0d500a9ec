/**
 * Who should do what now: the decisions of a download, without its input and output.
 *
 * @module
 */

import type { TransferLimits } from "./limits.ts";
import type { Member } from "./pool.ts";

/** A provider that streams now. */
export interface Busy {
  readonly member: Member;
  /** Milliseconds for which it has said nothing. */
  readonly silentMs: number;
  /** Whether it is slower than the least. */
  readonly tooSlow: boolean;
  /** Whether another one has been asked for its run already. */
  readonly hedged: boolean;
}

/** What a download looks like at one moment. */
export interface Scene {
  readonly busy: readonly Busy[];
  /** Those that could be asked, best first. */
  readonly idle: readonly Member[];
  /** Whether there are chunks that are nobody's. */
  readonly unclaimed: boolean;
  /** Milliseconds since the first byte was asked for. */
  readonly ageMs: number;
  /** Milliseconds that the rest takes at the speed so far; Infinity before the first byte. */
  readonly restMs: number;
  /** Whether we hold the download back ourselves. */
  readonly heldBack: boolean;
}

/** What to do next. */
export type Step =
  | { readonly do: "claim"; readonly member: Member }
  | { readonly do: "split"; readonly member: Member }
  | { readonly do: "shadow"; readonly member: Member; readonly silent: Member }
  | { readonly do: "replace"; readonly silent: Member };

/** The next step, or undefined where all goes well. DESIGN 8. */
export function nextStep(scene: Scene, limits: TransferLimits): Step | undefined {
  const { busy, idle, unclaimed, ageMs, restMs, heldBack } = scene;
  const slow = busy.find(({ tooSlow }) => tooSlow);
  if (slow) return { do: "replace", silent: slow.member };
  const member = idle[0];
  if (member === undefined) return undefined;
  const silent = busy.filter(({ silentMs }) => silentMs >= limits.hedgeMs);
  // Those that are silent hold a place, but they don't keep others from working.
  const room = busy.length - silent.length < limits.inFlight && busy.length < 2 * limits.inFlight;
  if (unclaimed && room) return { do: "claim", member };
  const alone = silent.find(({ hedged }) => !hedged);
  if (alone && room) return { do: "shadow", member, silent: alone.member };
  // More streams are no faster than a good one: others join where much is left.
  const least = member.bytes > 0 ? limits.rejoinMs : limits.joinMs;
  const worth = !heldBack && !member.wholeOnly && ageMs >= limits.joinMs && restMs > least;
  if (worth && room && busy.length > 0) return { do: "split", member };
  return undefined;
}
