/**
 * The body of a request that wants one: its length is told before, it is counted while it comes, and
 * it has to come in time.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../lib/clock.ts";
import { PlasmdError } from "../lib/errors.ts";
import { within } from "../lib/within.ts";
import { bodyTooLarge, type Framing } from "./acceptable.ts";
import { problem } from "./errors.ts";
import type { Reply } from "./reply.ts";
import type { ServerLimits } from "./server_limits.ts";

/** A body that is on its way. Nothing of it is read before it is asked for. */
export interface RequestBody {
  /** Bytes, as Content-Length says. */
  readonly length: number;
  /**
   * The bytes as they come; once.
   *
   * @throws {PlasmdError} `timeout` where they come too slowly, `cancelled` where they end early
   */
  parts(): AsyncGenerator<Uint8Array>;
}

/** A body, and whether it has been read to its end. */
export interface OpenBody extends RequestBody {
  done(): boolean;
}

/** The limits of bodies. */
export type BodyLimits = Pick<ServerLimits, "requestMs" | "bodyStalledMs" | "bodyBytesPerSecond">;

/** The refusal of a body that can't be taken whatever is in it, or undefined. */
export function badBody(
  { headers, httpVersion }: Framing,
  maxBytes: number,
): Reply | undefined {
  const { expect, "content-length": length } = headers;
  // RFC 9112 6.3: one length, told before. Without it the end could be anywhere.
  if (headers["transfer-encoding"] !== undefined || length === undefined) {
    const error = new PlasmdError("bad_request", "The request needs a Content-Length");
    return problem(error, { status: 411 });
  }
  // RFC 9112 6.3: anything but digits could be read in two ways.
  if (!/^\d{1,15}$/.test(length)) {
    return problem(new PlasmdError("bad_request", "Content-Length is no number"));
  }
  if (headers["content-encoding"] !== undefined) {
    const error = new PlasmdError("bad_request", "The body must not be encoded");
    return problem(error, { status: 415 });
  }
  // RFC 9110 10.1.1: the only expectation that there is.
  if (expect !== undefined && (httpVersion === "1.0" || !/^100-continue$/i.test(expect))) {
    return problem(new PlasmdError("bad_request", "The expectation can't be met"), { status: 417 });
  }
  return Number(length) > maxBytes ? bodyTooLarge() : undefined;
}

/** Opens the body of a request that {@linkcode badBody} has nothing against. */
export function openBody(
  incoming: IncomingMessage,
  response: ServerResponse,
  { limits, clock }: { readonly limits: BodyLimits; readonly clock: Clock },
): OpenBody {
  const length = Number(incoming.headers["content-length"]);
  let left = length;
  async function* parts(): AsyncGenerator<Uint8Array> {
    // RFC 9110 10.1.1: only now is it known that the body is wanted.
    if (incoming.headers.expect !== undefined) response.writeContinue();
    const start = clock.steady();
    const allowedMs = limits.requestMs + length / limits.bodyBytesPerSecond * 1000;
    const source = incoming.iterator({ destroyOnReturn: false });
    while (left > 0) {
      const restMs = start + allowedMs - clock.steady();
      const ms = Math.max(1, Math.ceil(Math.min(limits.bodyStalledMs, restMs)));
      const step = await within(next(source), { ms, clock, what: "The request's body" });
      if (step.done) throw gone();
      const part = step.value as Uint8Array;
      left -= part.length;
      yield part;
    }
  }
  return { length, parts, done: () => left === 0 };
}

/**
 * All bytes of a body.
 *
 * @throws {PlasmdError} `bad_request` where there is none, and as {@linkcode RequestBody} says
 */
export async function readBody(body: RequestBody | undefined): Promise<Uint8Array> {
  if (body === undefined) throw new PlasmdError("bad_request", "The request needs a body");
  const bytes = new Uint8Array(body.length);
  let at = 0;
  for await (const part of body.parts()) {
    // More than was told is no part of this body.
    if (at + part.length > bytes.length) throw new PlasmdError("bad_request", "The body is longer");
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function next(source: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
  try {
    return await source.next();
  } catch (thrown) {
    throw gone(thrown);
  }
}

function gone(cause?: unknown): PlasmdError {
  return new PlasmdError("cancelled", "The client went away before its body was whole", { cause });
}
