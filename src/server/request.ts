/**
 * A request as handlers see it: parsed, without a socket, so that it can be made up in a test.
 *
 * @module
 */

import type { RequestBody } from "./body.ts";

/** Headers by lower-case name; node joins those that were sent twice with a comma. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>;

/** A request that matched a route. */
export interface ServerRequest {
  readonly method: string;
  readonly headers: RequestHeaders;
  /** The parts of the path that the route names. */
  readonly params: Readonly<Record<string, string>>;
  /** The query as it was sent, without the question mark. */
  readonly query: string;
  /** The address that it came from. */
  readonly address: string;
  /** Where the route takes one. */
  readonly body?: RequestBody;
  /** `http://address:port` of our end of its connection: an address at which we are reached. */
  origin(): string;
  /** Aborts when the client goes away. */
  gone(): AbortSignal;
  /** Keeps something open until the answer has been sent. */
  hold(resource: Disposable): void;
}

/** A request target, taken apart and not decoded. */
export interface Target {
  readonly path: string;
  readonly query: string;
}

/**
 * Takes a request target apart. DESIGN 7: requests are matched against an allow-list, so nothing is
 * decoded or normalised; undefined where the path holds anything that no path of ours does.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 * deepEqual(parseTarget("/kernel?arch=arm64"), { path: "/kernel", query: "arch=arm64" });
 * equal(parseTarget("/%2e%2e/kernel"), undefined);
 * ```
 */
export function parseTarget(raw: string): Target | undefined {
  // RFC 9112 3.2.2: a server accepts the absolute form; the authority in it means nothing to us.
  const target = raw.replace(/^https?:\/\/[^/?#]*(?=[/?]|$)/i, "");
  const mark = target.indexOf("?");
  const path = (mark < 0 ? target : target.slice(0, mark)) || "/";
  if (!/^\/(?:[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*)?$/.test(path)) return undefined;
  return { path, query: mark < 0 ? "" : target.slice(mark + 1) };
}

/** The values of a query's parameter as they were sent: nothing is decoded. */
export function queryValues(query: string, name: string): string[] {
  return query.split("&").filter((pair) => pair === name || pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}
