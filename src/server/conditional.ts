/**
 * Conditional requests as pure functions. RFC 9110 13.
 *
 * @module
 */

import { parseHttpDate } from "./http_date.ts";
import type { RequestHeaders } from "./request.ts";

/** What a representation can be compared by. */
export interface Validators {
  /** The strong entity tag, with its quotes. */
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

/** What the conditions of a request come to. */
export type Condition = "proceed" | "not_modified" | "failed";

/** Evaluates the conditions of a GET or HEAD in the order of RFC 9110 13.2.2. */
export function evaluate(headers: RequestHeaders, it: Validators, now: number): Condition {
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined) {
    if (!lists(ifMatch, it.etag, "strong")) return "failed";
  } else if (isLater(it.modified, headers["if-unmodified-since"], now) === true) return "failed";
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined) {
    return lists(ifNoneMatch, it.etag, "weak") ? "not_modified" : "proceed";
  }
  const later = isLater(it.modified, headers["if-modified-since"], now);
  return later === false ? "not_modified" : "proceed";
}

/**
 * Whether a Range header counts: no If-Range, or one that names this very representation. RFC 9110
 * 13.1.5. A date counts only where it is a strong validator: equal, and more than a second old.
 */
export function rangeCounts(ifRange: string | undefined, it: Validators, now: number): boolean {
  if (ifRange === undefined) return true;
  if (/^(?:W\/)?"/.test(ifRange)) return ifRange === it.etag;
  const date = parseHttpDate(ifRange, now);
  // RFC 9110 8.8.2.2
  return date !== undefined && date === wholeSeconds(it.modified) && now - it.modified > 1000;
}

/** Whether it was modified after the header's date; undefined where there is none. */
function isLater(modified: number, header: string | undefined, now: number): boolean | undefined {
  const date = header === undefined ? undefined : parseHttpDate(header, now);
  return date === undefined ? undefined : wholeSeconds(modified) > date;
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** Whether a list of entity tags (or `*`) names this one. RFC 9110 8.8.3.2. */
function lists(header: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (header.trim() === "*") return true;
  const tags = header.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];
  return tags.some((tag) => (comparison === "weak" ? tag.replace(/^W\//, "") : tag) === etag);
}
