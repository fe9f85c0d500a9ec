/**
 * What is wrong with a request before it is about anything: its version, size and framing.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { PlasmdError } from "../lib/errors.ts";
import { problem } from "./errors.ts";
import { headersTooLarge, targetTooLong } from "./refuse.ts";
import type { Reply } from "./reply.ts";
import type { ServerLimits } from "./server_limits.ts";

/** The parts of a request that are looked at. */
export type Framing = Pick<IncomingMessage, "httpVersion" | "url" | "headers" | "rawHeaders">;

/**
 * The answer to a request that is refused whatever it asks for, or undefined. `bodyBytes` is what the
 * route takes; without it the body is only dropped.
 */
export function unacceptable(
  request: Framing,
  limits: ServerLimits,
  bodyBytes?: number,
): Reply | undefined {
  if (!/^1\.[01]$/.test(request.httpVersion)) {
    return problem(new PlasmdError("bad_request", "Only HTTP/1.0 and HTTP/1.1 are spoken here"), {
      status: 505,
    });
  }
  if ((request.url ?? "").length > limits.targetChars) return targetTooLong();
  if (request.rawHeaders.length / 2 > limits.headerCount) return headersTooLarge();
  const host = request.rawHeaders.filter((text, i) => i % 2 === 0 && /^host$/i.test(text)).length;
  // RFC 9112 3.2: exactly one Host in HTTP/1.1, and never two.
  if (host > 1 || (host === 0 && request.httpVersion === "1.1")) {
    return bad("Host must be there once");
  }
  return badFraming(request, bodyBytes ?? limits.bodyBytes);
}

function badFraming({ headers, httpVersion }: Framing, bodyBytes: number): Reply | undefined {
  const coding = headers["transfer-encoding"];
  // RFC 9112 6.1: what we can't unframe could hide a second request.
  if (coding !== undefined && (!/^chunked$/i.test(coding) || httpVersion === "1.0")) {
    return bad("Transfer-Encoding is not understood");
  }
  if (coding !== undefined && headers["content-length"] !== undefined) {
    return bad("Content-Length and Transfer-Encoding exclude each other");
  }
  return Number(headers["content-length"] ?? 0) > bodyBytes ? bodyTooLarge() : undefined;
}

/** The answer to a body above the limit. */
export function bodyTooLarge(): Reply {
  return problem(new PlasmdError("too_large", "The request body is too large"));
}

/** Whether a body follows the headers. */
export function hasBody({ headers }: Pick<Framing, "headers">): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function bad(message: string): Reply {
  return problem(new PlasmdError("bad_request", message));
}
