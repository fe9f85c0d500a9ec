/**
 * Byte ranges as pure functions. RFC 9110 14.
 *
 * @module
 */

/** What a Range header asks for. */
export type RangeAnswer =
  /** No range that we serve: the whole representation, 200. */
  | { readonly kind: "whole" }
  /** From `start` to before `end`, 206. */
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  /** Nothing of it is there, 416. */
  | { readonly kind: "unsatisfiable" };

const whole: RangeAnswer = { kind: "whole" };
const unsatisfiable: RangeAnswer = { kind: "unsatisfiable" };

/**
 * Reads a Range header against a representation of `size` bytes. DESIGN 7: malformed, reversed,
 * several or of an unknown unit is ignored; past the end or `-0` can't be satisfied.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * const answer = parseRange("bytes=-500", 2000);
 * equal(answer.kind === "part" && answer.start, 1500);
 * ```
 */
export function parseRange(header: string | undefined, size: number): RangeAnswer {
  // RFC 9110 14.1: unit names are case-insensitive. A comma fits no digit, so a list is no match.
  const match = header === undefined ? null : /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header);
  if (match === null) return whole;
  const [, first, last] = match as unknown as [string, string, string];
  if (first === "") return last === "" ? whole : suffix(toCount(last), size);
  const start = toCount(first);
  // RFC 9110 14.1.1: a last position below the first makes the whole header invalid.
  if (last !== "" && isBelow(last, first)) return whole;
  if (start >= size) return unsatisfiable;
  return { kind: "part", start, end: last === "" ? size : Math.min(toCount(last) + 1, size) };
}

/** The Content-Range of a part. RFC 9110 14.4. */
export function contentRange(start: number, end: number, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}

/** RFC 9110 14.1.2: a suffix longer than the representation is all of it. */
function suffix(length: number, size: number): RangeAnswer {
  if (length === 0) return unsatisfiable;
  // No Content-Range can describe a part of nothing.
  return size === 0 ? whole : { kind: "part", start: Math.max(0, size - length), end: size };
}

/** RFC 9110 14.1.2 warns of overflow: what is beyond any file is as good as the largest number. */
function toCount(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER - 1);
}

function isBelow(a: string, b: string): boolean {
  const [left, right] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return left.length === right.length ? left < right : left.length < right.length;
}
