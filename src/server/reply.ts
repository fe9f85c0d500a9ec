/**
 * What a handler returns: an answer without a socket.
 *
 * @module
 */

import type { OpenArtifact } from "../artifacts/snapshot.ts";
import type { Labels } from "../lib/meter.ts";

/** A part of an open file, from `start` to before `end`. */
export interface FilePart {
  readonly file: Pick<OpenArtifact, "read">;
  readonly start: number;
  readonly end: number;
}

/** What an answer carries. A HEAD request gets its length and nothing of it. */
export type ReplyBody = null | Uint8Array | FilePart | ReadableStream<Uint8Array>;

/** An answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReplyBody;
  /** The artifact that it is about: its bytes are counted and kept to the rate caps. */
  readonly artifact?: Labels;
}

/** On every answer: what is served is never to be taken for something else. */
export const commonHeaders = { "X-Content-Type-Options": "nosniff" } as const;

/** A JSON document that is made anew for each request. */
export function jsonReply(status: number, value: unknown): Reply {
  return {
    status,
    headers: {
      ...commonHeaders,
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
    },
    body: new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`),
  };
}

/** Bytes of the body, or undefined where they aren't known before it ends. */
export function bodyLength(body: ReplyBody): number | undefined {
  if (body === null) return 0;
  if (body instanceof Uint8Array) return body.length;
  return body instanceof ReadableStream ? undefined : body.end - body.start;
}
