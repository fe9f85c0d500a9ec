/**
 * Who may see private views: whoever sends the token. DESIGN 7: loopback is no credential, and there
 * are no cookies.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { PlasmdError } from "../lib/errors.ts";
import { problem } from "./errors.ts";
import type { Reply } from "./reply.ts";
import type { RequestHeaders } from "./request.ts";

/** What the Authorization header of a request comes to. */
export type Credential = "none" | "good" | "bad";

/** Judges a request's credentials; without a token of ours every one is bad. */
export function credential(
  { authorization }: RequestHeaders,
  token: string | undefined,
): Credential {
  if (authorization === undefined) return "none";
  // RFC 6750 2.1, RFC 9110 11.1: the scheme's case doesn't matter.
  const given = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization)?.[1];
  if (given === undefined || token === undefined) return "bad";
  return isSame(given, token) ? "good" : "bad";
}

/** The answer to credentials that are wrong. RFC 6750 3. */
export function unauthorized(): Reply {
  return problem(
    new PlasmdError("unauthorized", "The token is not this provider's", {
      hint: "it is in the file token of the provider's state directory",
    }),
    { headers: { "WWW-Authenticate": 'Bearer realm="plasmd", error="invalid_token"' } },
  );
}

/** Takes the same time wherever they differ, and however long they are. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
