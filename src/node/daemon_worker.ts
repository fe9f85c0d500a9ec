/**
 * Where the confined daemon starts: a Worker that waits for its options.
 *
 * @module
 */

import { systemDeps } from "../lib/deps.ts";
import { errorData } from "../lib/errors.ts";
import { type Log, openLog, silentLog } from "../lib/log.ts";
import { memoryMeter } from "../lib/meter.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { startNode } from "./dht_node.ts";
import { remoteRuns } from "./job_runs.ts";
import type { FromDaemon, LiveOptions, ToDaemon } from "./protocol.ts";

/** This thread, as a Worker sees it. */
interface WorkerScope {
  postMessage(message: FromDaemon): void;
  onmessage: ((event: MessageEvent<ToDaemon>) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;
const stopping = new AbortController();
let daemon: Promise<Daemon> | undefined;
let log: Log = silentLog;
let serving = false;

scope.onmessage = ({ data }) => {
  if (data.type === "start") start(data);
  else if (data.type === "join") join(data);
  else if (data.type === "reload") reload(data.live);
  else stop();
};
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  // Once it serves, one lost promise must not end a provider that runs for years.
  if (serving) log.error("Lost promise", { error: event.reason });
  else fail(event.reason);
});
scope.postMessage({ type: "loaded" });

function start({ options, logging, runs }: Extract<ToDaemon, { type: "start" }>): void {
  const meter = memoryMeter();
  log = openLog(logging);
  const deps = systemDeps({ log, meter });
  follow(startDaemon(options, {
    signal: stopping.signal,
    meter,
    runJob: runs && remoteRuns(runs),
    onProgress: (done, total, label) => scope.postMessage({ type: "progress", done, total, label }),
  }, deps));
}

function join({ options, logging }: Extract<ToDaemon, { type: "join" }>): void {
  log = openLog(logging);
  follow(startNode(options, systemDeps({ log })));
}

function follow(starting: Promise<Daemon>): void {
  daemon = starting;
  daemon.then(({ ready }) => {
    serving = true;
    scope.postMessage({ type: "ready", ready });
  }, fail);
}

async function reload(live: LiveOptions): Promise<void> {
  try {
    await (await daemon)?.reload(live);
    log.info("The configuration was read again");
  } catch (thrown) {
    log.error("The configuration is kept as it was", { reason: errorData(thrown).message });
  }
}

async function stop(): Promise<void> {
  stopping.abort();
  try {
    await (await daemon)?.[Symbol.asyncDispose]();
    scope.postMessage({ type: "stopped" });
  } catch (thrown) {
    fail(thrown);
  }
}

function fail(thrown: unknown): void {
  if (stopping.signal.aborted) scope.postMessage({ type: "stopped" });
  else scope.postMessage({ type: "failed", error: errorData(thrown) });
}
