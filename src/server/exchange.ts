/**
 * One request and its answer, from parsed headers to the last byte.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import type { Labels } from "../lib/meter.ts";
import { within } from "../lib/within.ts";
import { bodyTooLarge, hasBody, unacceptable } from "./acceptable.ts";
import { badBody, type OpenBody, openBody } from "./body.ts";
import type { Buffers } from "./buffers.ts";
import { plainAddress } from "./connections.ts";
import { problem } from "./errors.ts";
import type { Pacer } from "./pace.ts";
import { refuse } from "./refuse.ts";
import type { Reply } from "./reply.ts";
import type { ServerRequest } from "./request.ts";
import { match, type Routed, type Router } from "./routes.ts";
import { send } from "./send.ts";
import type { ServerLimits } from "./server_limits.ts";
import type { Site } from "./site.ts";

/** What every exchange needs. */
export interface Exchanges {
  readonly site: Site;
  readonly router: Router;
  readonly buffers: Buffers;
  readonly pacer: Pacer;
  readonly limits: ServerLimits;
  readonly deps: Deps;
  /** Whether no further request is taken on this connection. */
  readonly closing: () => boolean;
}

/** What became of an exchange. */
interface Outcome {
  route: string;
  status: number;
  bytes: number;
  /** The artifact that was sent. */
  artifact?: Labels;
  failure?: PlasmdError;
  /** Whether the answer ended before it was whole. */
  cut?: boolean;
}

/** Answers one request. Never throws: what fails ends this answer and is counted and logged. */
export async function exchange(
  incoming: IncomingMessage,
  response: ServerResponse,
  on: Exchanges,
): Promise<void> {
  const start = on.deps.clock.steady();
  const outcome: Outcome = { route: "none", status: 0, bytes: 0 };
  try {
    await answer(incoming, response, on, outcome);
  } catch (thrown) {
    outcome.failure = toPlasmdError(thrown);
    outcome.cut = true;
    response.destroy();
  }
  count(incoming, outcome, on.deps);
  write(incoming, outcome, on.deps.clock.steady() - start, on);
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  on: Exchanges,
  outcome: Outcome,
): Promise<void> {
  const head = incoming.method === "HEAD";
  using held = new DisposableStack();
  const found = match(on.router, incoming.url ?? "", requestOf(incoming, response, held));
  const { bodyBytes } = found;
  const refused = unacceptable(incoming, on.limits, bodyBytes) ??
    (bodyBytes === undefined
      ? await dropBody(incoming, on.limits, on.deps)
      : badBody(incoming, bodyBytes));
  if (refused !== undefined) {
    outcome.status = refused.status;
    return refuse(incoming.socket, refused, { lingerMs: on.limits.lingerMs, head });
  }
  const body = bodyBytes === undefined
    ? undefined
    : openBody(incoming, response, { limits: on.limits, clock: on.deps.clock });
  outcome.route = found.route;
  const reply = await replyOf(found, body, on, outcome);
  outcome.status = reply.status;
  outcome.artifact = reply.artifact;
  if (body?.done() === false) {
    // The rest of it still comes: nobody reads it, and it must not pass for a request.
    return refuse(incoming.socket, reply, { lingerMs: on.limits.lingerMs, head });
  }
  // After a body the connection isn't used again: nothing left in it can pass for a request.
  if (on.closing() || (body === undefined && hasBody(incoming))) {
    response.setHeader("Connection", "close");
  }
  const isFile = reply.artifact !== undefined && !head;
  await send(reply, response, {
    head,
    buffers: on.buffers,
    pace: isFile ? held.use(on.pacer.enter(incoming.socket.remoteAddress ?? "")) : undefined,
    stalledMs: on.limits.stalledMs,
    onBytes: (count) => outcome.bytes += count,
  });
}

async function replyOf(
  routed: Routed,
  body: OpenBody | undefined,
  on: Exchanges,
  outcome: Outcome,
): Promise<Reply> {
  try {
    return await routed.answer(on.site, body);
  } catch (thrown) {
    const reply = problem(thrown);
    if (reply.status >= 500) outcome.failure = toPlasmdError(thrown);
    return reply;
  }
}

function requestOf(
  incoming: IncomingMessage,
  response: ServerResponse,
  held: DisposableStack,
): ServerRequest {
  return {
    method: incoming.method ?? "",
    // DESIGN 7: nothing in them, X-Forwarded-For included, says who the client is.
    headers: incoming.headers as ServerRequest["headers"],
    params: {},
    query: "",
    address: incoming.socket.remoteAddress ?? "",
    origin: () => originOf(incoming.socket.localAddress ?? "", incoming.socket.localPort ?? 0),
    gone() {
      const gone = new AbortController();
      const stop = () => gone.abort(new PlasmdError("cancelled", "The client went away"));
      if (response.destroyed) stop();
      else response.once("close", stop);
      held.defer(() => response.off("close", stop));
      return gone.signal;
    },
    hold: (resource) => void held.use(resource),
  };
}

function originOf(address: string, port: number): string {
  const host = plainAddress(address);
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Reads a body that nothing here wants, up to the limit. */
async function dropBody(
  incoming: IncomingMessage,
  limits: ServerLimits,
  { clock }: Pick<Deps, "clock">,
): Promise<Reply | undefined> {
  // RFC 9110 10.1.1: who waits for 100 gets the final answer instead.
  if (!hasBody(incoming) || incoming.headers.expect !== undefined) return undefined;
  const drop = async () => {
    let left = limits.bodyBytes;
    for await (const part of incoming.iterator({ destroyOnReturn: false })) {
      left -= (part as Uint8Array).length;
      if (left < 0) return bodyTooLarge();
    }
  };
  try {
    return await within(drop(), { ms: limits.requestMs, clock, what: "The request's body" });
  } catch (thrown) {
    if (!(thrown instanceof PlasmdError) || thrown.code !== "timeout") throw thrown;
    return problem(thrown, { status: 408 });
  }
}

/** Counts. Labels have the values of our own tables and configuration, never those of a client. */
function count(
  { headers }: IncomingMessage,
  { route, status, bytes, artifact, failure, cut }: Outcome,
  { meter }: Deps,
): void {
  meter.add("plasmd_http_requests_total", 1, { route, status: String(status) });
  meter.add("plasmd_http_sent_bytes_total", bytes);
  if (artifact !== undefined) meter.add("plasmd_artifact_sent_bytes_total", bytes, artifact);
  if (headers.range !== undefined && (status === 416 || artifact !== undefined)) {
    const result = { 206: "partial", 416: "unsatisfiable" }[status] ?? "ignored";
    meter.add("plasmd_http_ranges_total", 1, { result });
  }
  if (isOurs(failure)) meter.add("plasmd_http_errors_total", 1, { code: failure.code });
  if (cut && failure !== undefined) meter.add("plasmd_http_cut_total", 1, { code: failure.code });
}

/** Writes one line, without a client's headers; what failed here is a warning too. */
function write(
  { method, url, socket }: IncomingMessage,
  { route, status, bytes, failure }: Outcome,
  ms: number,
  { deps: { log }, site: { problems } }: Exchanges,
): void {
  const fields = { method, target: shownTarget(url ?? ""), status, bytes, ms: Math.round(ms) };
  if (isOurs(failure) && failure.code !== "not_ready") {
    log.warn("Request failed", { ...fields, code: failure.code, error: failure.message });
    problems.note(`http ${route}`, failure);
  }
  const from = plainAddress(socket.remoteAddress ?? "");
  log.debug("Request", { ...fields, from, ended: failure?.code });
}

/** DESIGN 11: who has a job's id reads its result, so the log has only the start of it. */
function shownTarget(url: string): string {
  return /\/v1\/|job=/i.test(url) ? url.replace(/([0-9a-f]{8})[0-9a-f]{24,}/gi, "$1..") : url;
}

function isOurs(failure: PlasmdError | undefined): failure is PlasmdError {
  return failure !== undefined && failure.blame !== "peer";
}
