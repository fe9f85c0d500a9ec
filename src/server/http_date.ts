/**
 * Dates in headers. RFC 9110 5.6.7.
 *
 * @module
 */

const months = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec";
const time = "(\\d\\d):(\\d\\d):(\\d\\d)";
const day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const longDay = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)";
// RFC 9110 5.6.7: a recipient accepts all three.
const fixed = new RegExp(`^${day}, (\\d\\d) (${months}) (\\d{4}) ${time} GMT$`);
const rfc850 = new RegExp(`^${longDay}, (\\d\\d)-(${months})-(\\d\\d) ${time} GMT$`);
const asctime = new RegExp(`^${day} (${months}) ([ \\d]\\d) ${time} (\\d{4})$`);

/** The date as a header carries it, whole seconds. */
export function httpDate(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toUTCString();
}

/** The milliseconds since 1970 of a date in one of the three forms, or undefined. */
export function parseHttpDate(text: string, now: number): number | undefined {
  const imf = fixed.exec(text);
  if (imf !== null) return at(imf[3]!, imf[2]!, imf[1]!, imf.slice(4));
  const old = rfc850.exec(text);
  if (old !== null) return at(fullYear(Number(old[3]), now), old[2]!, old[1]!, old.slice(4));
  const c = asctime.exec(text);
  return c === null ? undefined : at(c[6]!, c[1]!, c[2]!, c.slice(3, 6));
}

/** RFC 9110 5.6.7: two digits that seem over 50 years ahead are of the past century. */
function fullYear(twoDigits: number, now: number): string {
  const year = new Date(now).getUTCFullYear();
  const near = year - year % 100 + twoDigits;
  return String(near > year + 50 ? near - 100 : near);
}

function at(year: string, month: string, date: string, clock: string[]): number | undefined {
  const [hour, minute, second] = clock.map(Number) as [number, number, number];
  const monthIndex = months.split("|").indexOf(month);
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const ms = Date.UTC(Number(year), monthIndex, Number(date), hour, minute, second);
  return new Date(ms).getUTCMonth() === monthIndex || second === 60 ? ms : undefined;
}
