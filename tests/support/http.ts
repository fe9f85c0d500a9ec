/**
 * A started server for tests, and a client that sends what no client should.
 *
 * @module
 */

import type { Catalog } from "../../src/artifacts/snapshot.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { type Deps, systemDeps } from "../../src/lib/deps.ts";
import { serverLimits } from "../../src/lib/limits.ts";
import { makeJobs } from "../../src/server/jobs/site.ts";
import { makeProblems } from "../../src/server/problems.ts";
import type { HealthReport, StatusReport } from "../../src/server/report.ts";
import { type HttpServer, type ServerOptions, startServer } from "../../src/server/server.ts";
import type { ServerLimits } from "../../src/server/server_limits.ts";
import type { Site } from "../../src/server/site.ts";

/** What a test server is made of. */
export interface TestServerOptions
  extends Pick<ServerOptions, "token" | "paths" | "problems" | "metrics" | "jobs"> {
  readonly catalog: Catalog;
  readonly limits?: Partial<ServerLimits>;
  readonly health?: () => Promise<HealthReport>;
  readonly status?: () => Promise<StatusReport>;
  readonly deps?: Partial<Deps>;
  readonly host?: string;
}

/** A status report with nothing in it. */
export const fakeStatus: StatusReport = {
  provider: {
    version: "0.0.0",
    keyid: `ed25519:${"3".repeat(64)}`,
    peer_id: "12D3KooWfake",
    started_at: "2025-11-26T12:00:00Z",
    uptime_seconds: 5,
    addresses: [],
    default: null,
  },
  manifests: [],
  artifacts: [],
  metrics: {},
};

/** Starts a server on a free port of loopback. */
export function startTestServer(options: TestServerOptions): Promise<HttpServer> {
  return startServer({
    ...options,
    host: options.host ?? "127.0.0.1",
    port: 0,
    catalog: options.catalog,
    health: options.health ?? (() => Promise.resolve({ status: "healthy", checks: {} })),
    status: options.status ?? (() => Promise.resolve(fakeStatus)),
    limits: options.limits,
  }, systemDeps(options.deps));
}

/** What came back on a socket. */
export interface RawAnswer {
  readonly status: number;
  /** Headers by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** All that came. */
  readonly text: string;
}

/** Connects and sends bytes as they are. */
export async function connectAndSend(
  port: number,
  data: string | Uint8Array,
): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await sendAll(connection, data);
  return connection;
}

/** Sends all bytes; a peer that has closed meanwhile is no error. */
export async function sendAll(connection: Deno.TcpConn, data: string | Uint8Array): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  try {
    for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
  } catch (thrown) {
    if (!isCut(thrown)) throw thrown;
  }
}

/** Everything that comes until the peer closes. */
export async function readAll(connection: Deno.TcpConn): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  try {
    while (true) {
      const part = new Uint8Array(64 * 1024);
      const count = await connection.read(part);
      if (count === null) break;
      parts.push(part.subarray(0, count));
    }
  } catch (thrown) {
    if (!isCut(thrown)) throw thrown;
  }
  return await new Blob(parts).bytes();
}

function isCut(thrown: unknown): boolean {
  return thrown instanceof Deno.errors.ConnectionReset ||
    thrown instanceof Deno.errors.BrokenPipe || thrown instanceof Deno.errors.ConnectionAborted;
}

/** Sends bytes as they are, reads until the server closes, and takes the first answer apart. */
export async function sendRaw(port: number, data: string | Uint8Array): Promise<RawAnswer> {
  using connection = await connectAndSend(port, data);
  return parseAnswer(await readAll(connection));
}

/** Takes an answer apart. Status 0: nothing came. */
export function parseAnswer(bytes: Uint8Array): RawAnswer {
  const text = new TextDecoder("latin1").decode(bytes);
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, Math.max(0, end)).split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  return { status: Number(first.split(" ")[1] ?? 0), headers, body: bytes.slice(end + 4), text };
}

/** A request that asks the server to close after it. */
export function requestText(
  target: string,
  { method = "GET", headers = "" }: { method?: string; headers?: string } = {},
): string {
  return `${method} ${target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n${headers}\r\n`;
}

/** What handlers answer from, of a catalog. */
export function fakeSite(catalog: Catalog, more: Partial<Site> = {}): Site {
  return {
    catalog,
    clock: systemClock,
    limits: serverLimits,
    problems: makeProblems(4, systemClock),
    clients: () => [],
    paths: () => ({}),
    health: () => Promise.resolve({ status: "healthy", checks: {} }),
    status: () => Promise.resolve(fakeStatus),
    ending: new AbortController().signal,
    jobs: makeJobs(undefined, systemClock),
    ...more,
  };
}

/** How many requests failed for a reason of ours, whatever it was. */
export function failuresOf(figures: Readonly<Record<string, number>>): number {
  return Object.entries(figures)
    .filter(([name]) => name.startsWith("plasmd_http_errors_total"))
    .reduce((sum, [, count]) => sum + count, 0);
}
