/**
 * The status line and headers of a response, strictly: RFC 9112 with nothing that it only tolerates.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";

/** What precedes the body of a response. */
export interface ResponseHead {
  readonly status: number;
  /** By lower-case name; repeated ones are joined with ", ". */
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * Parses a response's head, its empty line included.
 *
 * @throws {PlasmdError} `bad_source` for anything that isn't HTTP/1.0 or HTTP/1.1
 */
export function parseHead(bytes: Uint8Array): ResponseHead {
  const text = latin1.decode(bytes);
  if (!text.endsWith("\r\n\r\n")) throw bad("it has no end");
  const [first, ...lines] = text.slice(0, -4).split("\r\n");
  const status = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: [^\0\r\n]*)?$/.exec(first!)?.[1];
  if (status === undefined) throw bad(`it begins with "${printable(first!, 60)}"`);
  const headers = new Map<string, string>();
  for (const line of lines) addHeader(headers, line);
  if (headers.has("content-length") && headers.has("transfer-encoding")) {
    throw bad("it has two lengths"); // RFC 9112 6.3
  }
  return { status: Number(status), headers };
}

const latin1 = new TextDecoder("latin1");

function addHeader(headers: Map<string, string>, line: string): void {
  // RFC 9112 5.1: no space before the colon; 5.2: no folded lines.
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
  // deno-lint-ignore no-control-regex -- RFC 9110 5.5: these are in no field value
  if (match === null || /[\x00-\x08\x0a-\x1f\x7f]/.test(match[2]!)) {
    throw bad(`a header line is "${printable(line, 60)}"`);
  }
  const name = match[1]!.toLowerCase();
  const before = headers.get(name);
  if (before !== undefined && (name === "content-length" || name === "content-range")) {
    throw bad(`it has two of ${name}`);
  }
  headers.set(name, before === undefined ? match[2]! : `${before}, ${match[2]!}`);
}

/** How the end of a body is known. */
export type Framing =
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "close" };

/** How the body of a response to GET ends. RFC 9112 6.3. */
export function framingOf({ status, headers }: ResponseHead): Framing {
  if (status === 204 || status === 304) return { kind: "length", length: 0 };
  const transfer = headers.get("transfer-encoding");
  if (transfer !== undefined) {
    if (transfer.toLowerCase() === "chunked") return { kind: "chunked" };
    throw bad(`its transfer encoding is "${printable(transfer, 60)}"`);
  }
  const length = headers.get("content-length");
  if (length === undefined) return { kind: "close" };
  if (!/^[0-9]{1,15}$/.test(length)) throw bad(`its length is "${printable(length, 60)}"`);
  return { kind: "length", length: Number(length) };
}

/** What a Content-Range says. */
export interface ContentRange {
  readonly start: number;
  /** One beyond the last byte. */
  readonly end: number;
  /** Bytes of the whole, where the server says so. */
  readonly size?: number;
}

/** The value of a Content-Range header, or undefined where it is none. RFC 9110 14.4. */
export function parseContentRange(text: string | undefined): ContentRange | undefined {
  const match = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/([0-9]{1,15}|\*)$/.exec(text ?? "");
  if (match === null) return undefined;
  const [start, last, size] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (last < start || last >= size) return undefined;
  return match[3] === "*" ? { start, end: last + 1 } : { start, end: last + 1, size };
}

function bad(what: string): PlasmdError {
  return new PlasmdError("bad_source", `sent a response that is not HTTP: ${what}`);
}
