/**
 * A provider in a process of its own: `plasmd serve` on a free port.
 *
 * @module
 */

import { type ProgramOptions, type Running, startProgram } from "./program.ts";

/** A provider that serves. */
export interface Provider extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly port: number;
  /** The keyid that clients pin. */
  readonly keyid: string;
  readonly process: Running;
}

/** Starts `plasmd serve --artifacts DIR` on loopback and waits until it serves. */
export async function startProvider(
  artifacts: string,
  home: string,
  { args = [], ...options }: ProgramOptions & { readonly args?: readonly string[] } = {},
): Promise<Provider> {
  const process = startProgram([
    ...["serve", "--artifacts", artifacts, "--host", "127.0.0.1", "--json"],
    ...(args.includes("--bootstrap") ? [] : ["--no-dht"]),
    ...["--no-mdns", "--state-dir", `${home}/state`],
    ...(args.includes("--port") ? [] : ["--port", "0"]),
    ...args,
  ], {
    ...options,
    env: { PLASMD_IDENTITY: `${home}/identity.key`, ...options.env },
  });
  try {
    const ready = await process.until(parseReady);
    return {
      origin: `http://127.0.0.1:${ready.port}`,
      port: ready.port,
      keyid: ready.keyid,
      process,
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  } catch (thrown) {
    await process[Symbol.asyncDispose]();
    throw thrown;
  }
}

function parseReady(stdout: string): { port: number; keyid: string } | undefined {
  if (!stdout.trimEnd().endsWith("}")) return undefined;
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined; // the rest of it is still to come
  }
}
