/**
 * The HTTP server of a provider, started and stopped as one thing.
 *
 * @module
 */

import type { AddressInfo } from "node:net";
import type { Catalog } from "../artifacts/snapshot.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { serverLimits } from "../lib/limits.ts";
import { makeBuffers } from "./buffers.ts";
import { exchange } from "./exchange.ts";
import { type Listener, makeListener } from "./listener.ts";
import { type JobParts, makeJobs } from "./jobs/site.ts";
import { makePacer } from "./pace.ts";
import { makeProblems, type Problems } from "./problems.ts";
import type { HealthReport, StatusReport } from "./report.ts";
import { makeRouter } from "./routes.ts";
import type { ChangeableLimits, ServerLimits } from "./server_limits.ts";
import type { Site } from "./site.ts";

/** What a server serves, and where. */
export interface ServerOptions {
  /** An address of this machine; `::` is every one, IPv4 included. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly catalog: Catalog;
  health(): Promise<HealthReport>;
  status(): Promise<StatusReport>;
  /** Figures in Prometheus' text format; without them /metrics is 404. */
  metrics?(): Promise<string>;
  /** What opens the private views; without one they are closed. */
  readonly token?: string;
  /** What lies where, for the private view: name to path. */
  readonly paths?: Readonly<Record<string, string>>;
  /** Jobs for others, once they are taken; and who else runs them. */
  readonly jobs?: JobParts;
  /** Where problems of other parts are remembered too. */
  readonly problems?: Problems;
  /** Limits other than those of lib/limits.ts. */
  readonly limits?: Partial<ServerLimits>;
}

/** A server that listens, until it is disposed. */
export interface HttpServer extends AsyncDisposable {
  /** The address that it is bound to. */
  readonly host: string;
  /** The port that it is bound to. */
  readonly port: number;
  /** Open connections. */
  connections(): number;
  /**
   * Changes limits while it runs. No connection is closed by that: running downloads go on, at the
   * new rate. A new time for stalled readers counts from the next request.
   */
  setLimits(limits: Partial<ChangeableLimits>): void;
  /** Takes no more requests, lets running answers finish within the limit, then cuts them. */
  drain(): Promise<void>;
}

/**
 * Starts a server. It answers at once; before there is a snapshot, with 503.
 *
 * @throws {PlasmdError} `address_in_use` or `permission` for the port, `config` for an address that
 * this machine doesn't have
 */
export async function startServer(options: ServerOptions, deps: Deps): Promise<HttpServer> {
  const limits: { -readonly [Name in keyof ServerLimits]: number } = {
    ...serverLimits,
    ...options.limits,
  };
  const area: Deps = { ...deps, log: deps.log.child("http") };
  const ending = new AbortController();
  const pacer = makePacer(limits, deps.clock);
  const exchanges = {
    site: makeSite(options, limits, deps, () => listener.clients(), ending.signal),
    router: makeRouter(),
    buffers: makeBuffers(limits),
    pacer,
    limits,
    deps: area,
    closing: (): boolean => listener.closing(),
  };
  const listener: Listener = makeListener(
    (request, response) => exchange(request, response, exchanges),
    limits,
    area,
  );
  const bound = await bindWithFallback(
    (host) => bind(listener, host, options.port),
    options,
    area,
  );
  return {
    host: bound.address,
    port: bound.port,
    connections: () => listener.connections(),
    setLimits(changed) {
      Object.assign(limits, changed);
      pacer.changed();
    },
    async drain() {
      ending.abort();
      await listener.drain();
      await listener.close();
    },
    [Symbol.asyncDispose]() {
      ending.abort();
      return listener.close();
    },
  };
}

function makeSite(
  options: ServerOptions,
  limits: ServerLimits,
  { clock }: Deps,
  clients: Site["clients"],
  ending: AbortSignal,
): Site {
  const { catalog, token, metrics, problems = makeProblems(limits.problems, clock) } = options;
  return {
    catalog,
    clock,
    limits,
    token,
    problems,
    clients,
    ending,
    jobs: makeJobs(options.jobs, clock),
    paths: () => options.paths ?? {},
    health: () => options.health(),
    status: () => options.status(),
    metrics: metrics && (() => metrics()),
  };
}

/** Binds to an address; rejects with what the system says. */
export type Bind = (host: string) => Promise<AddressInfo>;

/**
 * Binds to the address. A machine without IPv6 has no `::`; every address is then every IPv4 one.
 *
 * @throws {PlasmdError} as {@linkcode startServer} says
 */
export async function bindWithFallback(
  bind: Bind,
  { host, port }: Pick<ServerOptions, "host" | "port">,
  { log }: Pick<Deps, "log">,
): Promise<AddressInfo> {
  try {
    return await bind(host);
  } catch (thrown) {
    if (host !== "::" || !isWithoutIpv6(thrown)) throw bindError(thrown, host, port);
    log.warn("This machine has no IPv6: listening on IPv4 only");
  }
  try {
    return await bind("0.0.0.0");
  } catch (thrown) {
    throw bindError(thrown, "0.0.0.0", port);
  }
}

function bind({ server }: Listener, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function isWithoutIpv6(thrown: unknown): boolean {
  const { code, message } = thrown as { code?: string; message?: string };
  return code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL" ||
    /os error (?:97|99)\b/.test(message ?? "");
}

/** The error for an address that can't be listened on, with what to do about it. */
export function bindError(thrown: unknown, host: string, port: number): PlasmdError {
  const { code, message } = toPlasmdError(thrown);
  const where = `Cannot listen on "${host}" port ${port}`;
  if (code === "address_in_use") {
    return new PlasmdError(code, `${where}: the port is in use`, {
      cause: thrown,
      hint: "stop the program that has it, or choose another with --port",
    });
  }
  if (code === "permission") {
    const low = port > 0 && port < 1024;
    return new PlasmdError(code, `${where}: the system forbids it`, {
      cause: thrown,
      hint: low
        ? "ports below 1024 need root or CAP_NET_BIND_SERVICE: choose one from 1024 with --port"
        : undefined,
    });
  }
  // Whatever the system says of the address, it is the setting that is wrong.
  return new PlasmdError("config", `${where}: ${message}`, {
    cause: thrown,
    hint: "--host takes an address of this machine, or :: for all of them",
  });
}
