/**
 * JSON that is canonical (RFC 8785) or refused. DESIGN 5.
 *
 * @module
 */

import canonicalize from "canonicalize";
import { equalBytes } from "../lib/bytes.ts";
import { PlasmdError } from "../lib/errors.ts";
import { formatLimits } from "../lib/limits.ts";
import { bytesText, printable } from "../lib/text.ts";

/** A value of JSON. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  readonly [member: string]: JsonValue;
}

/** What is read, and how large it may be. */
export interface ParseOptions {
  /** For messages: `manifest`, `key list`. */
  readonly what: string;
  /** Bytes. */
  readonly max: number;
}

/**
 * The object that the bytes spell in their one canonical form. It is frozen, all through.
 *
 * @throws {PlasmdError} `malformed` for any other bytes
 */
export function parseCanonical(bytes: Uint8Array, { what, max }: ParseOptions): JsonObject {
  // DESIGN 5: before parsing: size limit, nesting.
  if (bytes.length > max) {
    const size = `size is ${bytesText(bytes.length)}, limit is ${bytesText(max)}`;
    refuse(what, size);
  }
  if (bytes.length === 0) refuse(what, "it is empty");
  checkDepth(bytes, what);
  const value = parse(bytes, what);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    refuse(what, "it is not a JSON object");
  }
  checkValue(value, what, "");
  checkCanonical(bytes, canonicalBytes(value), what);
  return freeze(value as JsonObject);
}

/** The value's canonical form (RFC 8785) in UTF-8. Only for values of JSON. */
export function canonicalBytes(value: unknown): Uint8Array<ArrayBuffer> {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("This value has no JSON");
  return new TextEncoder().encode(text);
}

/**
 * Checks what a signed document may hold: whole numbers within 2^53, well-formed strings, no member
 * `__proto__`.
 *
 * @throws {PlasmdError} `malformed`, naming the member
 */
export function checkValue(value: unknown, what: string, at: string): void {
  if (typeof value === "string") return checkText(value, what, at);
  if (typeof value === "number") {
    // DESIGN 5: whole numbers only, within 2^53 either way; 1e999 is infinite.
    if (Number.isInteger(value) && Math.abs(value) <= 2 ** 53) return;
    refuse(what, `${named(at)} is no whole number within 2^53`);
  }
  if (value === null || typeof value === "boolean") return;
  if (typeof value !== "object") refuse(what, `${named(at)} is no value of JSON`);
  for (const [key, inner] of Object.entries(value)) {
    checkText(key, what, at);
    // DESIGN 5: a member of this name is refused, so that no copy of the object can lose it.
    if (key === "__proto__") refuse(what, `${named(at)} has a member "__proto__"`);
    checkValue(
      inner,
      what,
      Array.isArray(value) ? `${at}[${key}]` : at === "" ? key : `${at}.${key}`,
    );
  }
}

function freeze<T>(value: T): T {
  if (value === null || typeof value !== "object") return value;
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}

function checkText(text: string, what: string, at: string): void {
  if (!text.isWellFormed()) refuse(what, `${named(at)} holds half a character (a lone surrogate)`);
}

/** Counts nesting in the bytes themselves: a parser that recurses must not see 100,000 levels. */
function checkDepth(bytes: Uint8Array, what: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (inString) {
      if (byte === 0x5c) i++; // a backslash: whatever follows doesn't end the string
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > formatLimits.jsonDepth) {
        refuse(what, `it is nested deeper than ${formatLimits.jsonDepth} levels`);
      }
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
}

function parse(bytes: Uint8Array, what: string): unknown {
  try {
    // ignoreBOM keeps a byte order mark, which is then no JSON.
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (thrown) {
    const why = thrown instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8";
    throw new PlasmdError("malformed", `Cannot read the ${what}: ${why}`, { cause: thrown });
  }
}

function checkCanonical(bytes: Uint8Array, canonical: Uint8Array, what: string): void {
  if (equalBytes(bytes, canonical)) return;
  const at = bytes.findIndex((byte, i) => byte !== canonical[i]);
  throw new PlasmdError(
    "malformed",
    `Cannot read the ${what}: it is not in canonical form (RFC 8785), first at byte ${
      at < 0 ? bytes.length : at
    }`,
    {
      hint: `a ${what} that was reformatted, even by a final newline, is refused: ` +
        `get the file again as it was signed` +
        (what === "manifest" ? `\n"plasmd manifest show FILE" prints a manifest for people` : ""),
    },
  );
}

function named(at: string): string {
  return at === "" ? "it" : `"${printable(at)}"`;
}

function refuse(what: string, why: string): never {
  throw new PlasmdError("malformed", `Cannot read the ${what}: ${why}`);
}
