/**
 * Which time it is, as far as trust is concerned. DESIGN 5.
 *
 * @module
 */

/** What is known about the time; all in milliseconds since 1970. */
export interface Times {
  /** What the clock says. */
  readonly clock: number;
  /** When this program or its boot image was built. */
  readonly buildTime?: number;
  /** The oldest manifest that the policy accepts. */
  readonly notBefore?: number;
  /** `created_at` of the manifest that was accepted last. */
  readonly acceptedAt?: number;
}

/**
 * The year in which this program was first written began then: a clock that says less is wrong,
 * also where no build time is known.
 */
export const writtenAfter: number = Date.UTC(2025, 0, 1);

/** The latest of everything known: time can't be earlier than what has already happened. */
export function trustedNow({ clock, buildTime, notBefore, acceptedAt }: Times): number {
  return Math.max(clock, buildTime ?? writtenAfter, notBefore ?? 0, acceptedAt ?? 0);
}

/** Whether the clock can't be right, so that nothing may be refused for being ahead of it. */
export function clockIsBehind({ clock, buildTime }: Times): boolean {
  return clock < (buildTime ?? writtenAfter);
}
