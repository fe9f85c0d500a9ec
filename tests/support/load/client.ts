/**
 * The benchmark's own client, compiled when it is needed: what curl can't do, and no other tool of
 * Debian does alone.
 *
 * @module
 */

import { runTool } from "../tools.ts";

/** How a load of requests came out. */
export interface Load {
  readonly perSecond: number;
  /** Milliseconds of one request. */
  readonly p50: number;
  readonly p99: number;
}

/** What is asked. */
export interface LoadOptions {
  readonly connections: number;
  readonly seconds: number;
  /** Microseconds between two requests of a connection. */
  readonly pauseUs?: number;
}

/** The client. */
export interface LoadClient {
  /** GETs a URL and lets the kernel drop the body. Returns its bytes, headers included. */
  drop(url: string): Promise<number>;
  ask(url: string, options: LoadOptions): Promise<Load>;
}

/** Compiles the client into the directory. */
export async function loadClient(directory: string): Promise<LoadClient> {
  const program = `${directory}/load`;
  const source = new URL("load.c", import.meta.url).pathname;
  await runTool("gcc", "-O2", "-pthread", "-o", program, source);
  const run = (mode: string, url: string, ...args: string[]) => {
    const { hostname, port, pathname } = new URL(url);
    return runTool(program, mode, hostname, port, pathname, ...args);
  };
  return {
    drop: async (url) => Number(await run("drop", url)),
    async ask(url, { connections, seconds, pauseUs = 0 }) {
      const text = await run("ask", url, ...[connections, seconds, pauseUs].map(String));
      const [count, took, p50, p99] = text.trim().split(" ").map(Number) as [
        number,
        number,
        number,
        number,
      ];
      return { perSecond: count / took, p50: p50 / 1000, p99: p99 / 1000 };
    },
  };
}
