/**
 * Answers to what never became a request: written straight to the socket, which is closed after
 * it, and read for a moment so that the client gets to see the answer before a reset.
 *
 * @module
 */

import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { PlasmdError } from "../lib/errors.ts";
import { problem } from "./errors.ts";
import { bodyLength, type Reply } from "./reply.ts";
import { methodProblem } from "./routes.ts";

/** How a socket is refused. */
export interface RefuseOptions {
  /** Milliseconds until the socket is cut, whatever the client does. */
  readonly lingerMs: number;
  /** Whether the request was HEAD: no body. */
  readonly head?: boolean;
}

/** Sends the answer and closes the connection. */
export function refuse(socket: Socket, reply: Reply, { lingerMs, head }: RefuseOptions): void {
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(timer));
  // What still arrives isn't for the parser: it is dropped.
  socket.removeAllListeners("data");
  socket.end(rawReply(reply, head === true));
  socket.resume();
}

function rawReply({ status, headers, body }: Reply, head: boolean): Uint8Array {
  const all = {
    ...headers,
    "Content-Length": String(bodyLength(body) ?? 0),
    "Connection": "close",
    "Date": new Date().toUTCString(),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const top = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines}\r\n`;
  const start = new TextEncoder().encode(top);
  const rest = body instanceof Uint8Array && !head ? body : new Uint8Array();
  const bytes = new Uint8Array(start.length + rest.length);
  bytes.set(start);
  bytes.set(rest, start.length);
  return bytes;
}

/** What node's parser says about bytes that are no request. */
export interface ParserError {
  readonly code?: string;
  /** How far it came in the packet. */
  readonly bytesParsed?: number;
  readonly rawPacket?: Uint8Array;
}

/**
 * The answer to bytes that are no request, or undefined where nobody is there to read it.
 * `bytesRead` is what the connection has sent in all.
 */
export function parserReply(error: ParserError, bytesRead: number): Reply | undefined {
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    // A connection on which nothing was ever asked is closed without a word.
    if (bytesRead === 0) return undefined;
    return problem(new PlasmdError("timeout", "The request did not arrive in time"), {
      status: 408,
    });
  }
  if (error.code === undefined || !error.code.startsWith("HPE_")) return undefined;
  const packet = new TextDecoder("latin1").decode(error.rawPacket ?? new Uint8Array());
  const isFirst = error.rawPacket !== undefined && bytesRead === error.rawPacket.length;
  if (error.code === "HPE_HEADER_OVERFLOW") {
    // RFC 9110 15.5.15: a line without an end is a target that is too long.
    return isFirst && !packet.includes("\n") ? targetTooLong() : headersTooLarge();
  }
  if (isFirst && isUnknownMethod(packet, error.bytesParsed ?? 0)) {
    return methodProblem(["GET", "HEAD"]);
  }
  return problem(new PlasmdError("bad_request", "The request is not valid HTTP/1.1"));
}

/** The answer to a request target above the limit. */
export function targetTooLong(): Reply {
  return problem(new PlasmdError("too_large", "The request target is too long"), { status: 414 });
}

/** The answer to headers above the limit. */
export function headersTooLarge(): Reply {
  return problem(new PlasmdError("too_large", "The request headers are too large"), {
    status: 431,
  });
}

/** A whole request line whose only fault is a method that the parser hasn't heard of. */
function isUnknownMethod(packet: string, parsed: number): boolean {
  const line = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) [\x21-\x7e]+ HTTP\/1\.[01]\r\n/.exec(packet);
  return line !== null && parsed <= line[1]!.length;
}
