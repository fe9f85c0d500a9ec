/**
 * One request and its answer, from parsed headers to the last byte.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Deps } from "../lib/deps.ts";
import { type PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { bodyTooLarge, hasBody, unacceptable } from "./acceptable.ts";
import type { Buffers } from "./buffers.ts";
import { problem } from "./errors.ts";
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
  failure?: PlasmdError;
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
    response.destroy();
  }
  note(incoming, outcome, on.deps.clock.steady() - start, on.deps);
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  on: Exchanges,
  outcome: Outcome,
): Promise<void> {
  const head = incoming.method === "HEAD";
  const refused = unacceptable(incoming, on.limits) ?? await dropBody(incoming, on.limits);
  if (refused !== undefined) {
    outcome.status = refused.status;
    return refuse(incoming.socket, refused, { lingerMs: on.limits.lingerMs, head });
  }
  using held = new DisposableStack();
  const routed = match(on.router, incoming.url ?? "", requestOf(incoming, held));
  outcome.route = routed.route;
  const reply = await replyOf(routed, on, outcome);
  outcome.status = reply.status;
  // After a body the connection isn't used again: nothing left in it can pass for a request.
  if (on.closing() || hasBody(incoming)) response.setHeader("Connection", "close");
  await send(reply, response, {
    head,
    buffers: on.buffers,
    stalledMs: on.limits.stalledMs,
    onBytes: (count) => outcome.bytes += count,
  });
}

async function replyOf(routed: Routed, on: Exchanges, outcome: Outcome): Promise<Reply> {
  try {
    return await routed.answer(on.site);
  } catch (thrown) {
    const reply = problem(thrown);
    if (reply.status >= 500) outcome.failure = toPlasmdError(thrown);
    return reply;
  }
}

function requestOf(incoming: IncomingMessage, held: DisposableStack): ServerRequest {
  return {
    method: incoming.method ?? "",
    // DESIGN 7: nothing in them, X-Forwarded-For included, says who the client is.
    headers: incoming.headers as ServerRequest["headers"],
    params: {},
    query: "",
    hold: (resource) => void held.use(resource),
  };
}

/** Reads a body that nothing here wants, up to the limit. */
async function dropBody(
  incoming: IncomingMessage,
  limits: ServerLimits,
): Promise<Reply | undefined> {
  // RFC 9110 10.1.1: who waits for 100 gets the final answer instead.
  if (!hasBody(incoming) || incoming.headers.expect !== undefined) return undefined;
  let left = limits.bodyBytes;
  for await (const part of incoming.iterator({ destroyOnReturn: false })) {
    left -= (part as Uint8Array).length;
    if (left < 0) return bodyTooLarge();
  }
}

/** Counts, and writes one line. */
function note(
  { method, url, socket }: IncomingMessage,
  { route, status, bytes, failure }: Outcome,
  ms: number,
  { log, meter }: Deps,
): void {
  meter.add("plasmd_http_requests_total", 1, { route, status: String(status) });
  meter.add("plasmd_http_sent_bytes_total", bytes);
  const ours = failure !== undefined && failure.blame !== "peer";
  if (ours) meter.add("plasmd_http_errors_total");
  const fields = { method, target: url, status, bytes, ms: Math.round(ms) };
  if (ours && failure.code !== "not_ready") {
    log.warn("Request failed", { ...fields, code: failure.code, error: failure.message });
  }
  log.debug("Request", { ...fields, from: socket.remoteAddress, ended: failure?.code });
}
