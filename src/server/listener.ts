/**
 * Connections: who may have one, how long, and how they end.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { clientsOf, type Visit } from "./clients.ts";
import { countConnections, plainAddress } from "./connections.ts";
import { problem } from "./errors.ts";
import { type ParserError, parserReply, refuse } from "./refuse.ts";
import type { Reply } from "./reply.ts";
import type { ClientReport } from "./report.ts";
import type { ServerLimits } from "./server_limits.ts";
import { methodProblem } from "./routes.ts";

/** Answers one request; resolves when its answer has ended, in whichever way. */
export type Answerer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A server that listens nowhere yet. */
export interface Listener {
  readonly server: Server;
  /** Open connections. */
  connections(): number;
  /** Who has them. */
  clients(): ClientReport[];
  /** Whether no further request is taken. */
  closing(): boolean;
  /** Takes no more connections, lets running answers finish within the limit, then cuts. */
  drain(): Promise<void>;
  /** Cuts everything. */
  close(): Promise<void>;
}

/** Connections that were let in. */
type Open = Map<Socket, Connection>;

/** One connection. */
interface Connection extends Visit {
  pending: number;
  /** Settles when the last of them has been answered. */
  last: Promise<void>;
  /** The last of their answers. */
  response?: ServerResponse;
}

/** Makes a listener. Requests of one connection are answered one after another. */
export function makeListener(answer: Answerer, limits: ServerLimits, deps: Deps): Listener {
  const server = createServer({
    headersTimeout: limits.headersMs,
    // Bodies have a time of their own, by their length.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.timeoutCheckMs,
    maxHeaderSize: limits.headerBytes,
    // We check it ourselves, so that the refusal has the form of all the others.
    requireHostHeader: false,
  });
  // Who has sent its request and closed its side still waits for the answer. Missing in the types.
  Object.assign(server, { httpAllowHalfOpen: true });
  // Accepting can fail for want of descriptors: that must not end the provider.
  server.on("error", (error) => {
    if (server.listening) deps.log.warn("Cannot take connections", { error: error.message });
  });
  const open = admit(server, limits, deps);
  let closing = false;
  takeRequests(server, open, answer, limits, () => closing);
  refuseTheRest(server, open, limits);
  const stopListening = once(() => stopped(server));
  return {
    server,
    connections: () => open.size,
    clients: () => clientsOf(open.values(), deps.clock.steady()),
    closing: () => closing,
    async drain() {
      closing = true;
      const closed = stopListening();
      for (const [socket, { pending }] of open) if (pending === 0) socket.destroy();
      await within(closed, limits.drainMs, deps);
    },
    async close() {
      closing = true;
      const closed = stopListening();
      const answers = [...open.values()].map(({ last }) => last);
      for (const socket of [...open.keys()]) socket.destroy();
      await Promise.all([closed, ...answers]);
    },
  };
}

/** Keeps account of the connections; those above a limit are told so and not taken. */
function admit(server: Server, limits: ServerLimits, { meter, clock }: Deps): Open {
  const open: Open = new Map();
  const count = countConnections(limits);
  let refused = 0;
  const sayNo = (socket: Socket, limit: "full" | "too_many") => {
    // Each holds a descriptor while it lingers, and those must not run out.
    if (refused >= limits.refused) return void socket.destroy();
    refused++;
    socket.once("close", () => refused--);
    refuse(socket, overLimit(limit), limits);
  };
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const entered = count.enter(address);
    if (entered !== "entered") {
      meter.add("plasmd_http_connections_refused_total", 1, { limit: entered });
      return sayNo(socket, entered);
    }
    open.set(socket, {
      address: plainAddress(address),
      since: clock.steady(),
      pending: 0,
      last: Promise.resolve(),
    });
    meter.set("plasmd_http_connections", open.size);
    socket.once("close", () => {
      count.leave(address);
      open.delete(socket);
      meter.set("plasmd_http_connections", open.size);
    });
  });
  return open;
}

/** Queued answers would each hold a buffer: one connection gets one at a time. */
function takeRequests(
  server: Server,
  open: Open,
  answer: Answerer,
  limits: ServerLimits,
  closing: () => boolean,
): void {
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const connection = open.get(socket);
    if (connection === undefined) return; // it was refused, and lingers
    if (connection.pending >= limits.pipelined) return void socket.destroy();
    connection.pending++;
    connection.response = response;
    connection.last = connection.last.then(async () => {
      // Nothing follows a refusal, which has ended our side.
      if (socket.writable) await answer(request, response);
      connection.pending--;
      if (closing() && connection.pending === 0) socket.destroySoon();
    });
  };
  server.on("request", take);
  server.on("checkContinue", take);
  server.on("checkExpectation", take);
}

/** What is no request, or asks for a tunnel. */
function refuseTheRest(server: Server, open: Open, limits: ServerLimits): void {
  const reject = (socket: Socket, reply: Reply | undefined) => {
    const connection = open.get(socket);
    if (connection === undefined) return;
    // In the middle of another answer a refusal would pass for a part of it.
    const { pending, response } = connection;
    const free = pending === 0 || (pending === 1 && response?.headersSent === false);
    if (reply === undefined || !socket.writable || !free) socket.destroy();
    else refuse(socket, reply, limits);
  };
  server.on("connect", (_request: IncomingMessage, socket: Socket) => {
    reject(socket, methodProblem(["GET", "HEAD"]));
  });
  server.on("clientError", (error: Error & ParserError, socket: Socket) => {
    reject(socket, parserReply(error, socket.bytesRead));
  });
}

function stopped(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
  });
}

function overLimit(limit: "full" | "too_many"): Reply {
  if (limit === "full") {
    return problem(new PlasmdError("busy", "Too many connections are open"));
  }
  return problem(new PlasmdError("too_many", "Too many connections come from this address"), {
    headers: { "Retry-After": "2" },
  });
}

/** Waits for the promise, at most this long. */
async function within(promise: Promise<void>, ms: number, { clock }: Deps): Promise<void> {
  const done = new AbortController();
  const wait = clock.sleep(ms, { signal: done.signal }).catch(() => {});
  await Promise.race([promise, wait]);
  done.abort();
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
