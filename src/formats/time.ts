/**
 * Times as signed documents write them: `YYYY-MM-DDTHH:MM:SSZ`, and no other spelling.
 *
 * @module
 */

/** The milliseconds since 1970 of a time, or undefined where it is none that exists. */
export function parseTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined;
  const ms = Date.parse(text);
  // The 30th of February parses as a day in March.
  return Number.isNaN(ms) || formatTime(ms) !== text ? undefined : ms;
}

/** A time in whole seconds, rounded down. */
export function formatTime(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace(".000Z", "Z");
}
