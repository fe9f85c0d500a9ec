/**
 * Reply → socket. Fast by measurement: one reused buffer a transfer, positional reads, and the next
 * read only when the last write has been taken.
 *
 * What can't be finished is cut: a client sees a short answer, never wrong bytes.
 *
 * @module
 */

import type { ServerResponse } from "node:http";
import { PlasmdError } from "../lib/errors.ts";
import type { Buffers } from "./buffers.ts";
import type { PacedTransfer } from "./pace.ts";
import { bodyLength, type FilePart, type Reply } from "./reply.ts";

/** How a reply is sent. */
export interface SendOptions {
  /** Whether the request was HEAD: headers only. */
  readonly head: boolean;
  readonly buffers: Buffers;
  /** Holds the bytes of a file back, where there are rate caps. */
  readonly pace?: PacedTransfer;
  /** Milliseconds within which a reader must take what was written: a buffer, 512 KiB at most. */
  readonly stalledMs: number;
  /** Called with the bytes of the body that were handed over. */
  readonly onBytes: (count: number) => void;
}

/**
 * Sends a reply. Resolves once the last byte was handed to the operating system.
 *
 * @throws {PlasmdError} `cancelled` where the client went away, `timeout` where it stopped reading,
 * `changed` or `io` where the file failed; the connection is cut then
 */
export async function send(
  reply: Reply,
  response: ServerResponse,
  options: SendOptions,
): Promise<void> {
  try {
    response.writeHead(reply.status, headersOf(reply));
    if (!options.head) await sendBody(reply.body, response, options);
    await push(response, undefined, options.stalledMs);
  } catch (thrown) {
    response.destroy();
    throw thrown;
  }
}

function headersOf({ status, headers, body }: Reply): Record<string, string> {
  const length = bodyLength(body);
  // RFC 9110 8.6: a 304 would have to give the length of what it doesn't send.
  return status === 304 || length === undefined
    ? { ...headers }
    : { ...headers, "Content-Length": String(length) };
}

async function sendBody(
  body: Reply["body"],
  response: ServerResponse,
  options: SendOptions,
): Promise<void> {
  if (body === null) return;
  if (body instanceof ReadableStream) return await sendStream(body, response, options);
  if (!(body instanceof Uint8Array)) return await sendFile(body, response, options);
  await push(response, body, options.stalledMs);
  options.onBytes(body.length);
}

async function sendFile(
  { file, start, end }: FilePart,
  response: ServerResponse,
  { buffers, pace, stalledMs, onBytes }: SendOptions,
): Promise<void> {
  using gone = whenGone(response);
  const lease = buffers.take(end - start);
  let reusable = true;
  try {
    for (let at = start; at < end;) {
      const most = Math.min(lease.bytes.length, pace?.most() ?? Infinity, end - at);
      await pace?.take(most, gone.signal);
      const into = lease.bytes.subarray(0, most);
      const count = await file.read(into, at);
      if (count === 0) throw new PlasmdError("changed", "A file got shorter while it was served");
      reusable = false;
      await push(response, into.subarray(0, count), stalledMs);
      reusable = true;
      onBytes(count);
      at += count;
    }
  } finally {
    // A write that failed may still hold the buffer: it isn't lent again.
    lease.release(reusable);
  }
}

/** A signal that aborts when the client goes away. */
function whenGone(response: ServerResponse): { readonly signal: AbortSignal } & Disposable {
  const gone = new AbortController();
  const stop = () => gone.abort(clientGone());
  if (response.destroyed) stop();
  else response.once("close", stop);
  return { signal: gone.signal, [Symbol.dispose]: () => response.off("close", stop) };
}

async function sendStream(
  stream: ReadableStream<Uint8Array>,
  response: ServerResponse,
  { stalledMs, onBytes }: SendOptions,
): Promise<void> {
  const reader = stream.getReader();
  const stop = () => void reader.cancel().catch(() => {});
  response.once("close", stop);
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      await push(response, part.value, stalledMs);
      onBytes(part.value.length);
    }
    if (response.destroyed) throw clientGone();
  } finally {
    response.off("close", stop);
    stop();
  }
}

/** Writes bytes, or ends the response where there are none; resolves once they were taken. */
function push(
  response: ServerResponse,
  bytes: Uint8Array | undefined,
  stalledMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (response.destroyed) return reject(clientGone());
    const settle = (error?: unknown) => {
      clearTimeout(timer);
      response.off("close", closed);
      if (error === undefined || error === null) resolve();
      else reject(error);
    };
    const closed = () => settle(response.writableFinished ? undefined : clientGone());
    const timer = setTimeout(
      () => settle(new PlasmdError("timeout", "The client stopped reading")),
      stalledMs,
    );
    response.once("close", closed);
    if (bytes === undefined) response.end(() => settle());
    else response.write(bytes, (error) => settle(error && clientGone(error)));
  });
}

function clientGone(cause?: unknown): PlasmdError {
  return new PlasmdError("cancelled", "The client went away", { cause });
}
