/**
 * The daemon's Worker and its permissions: whatever a client makes our server do, it can read the
 * artifacts, write the state directory and use the network, and nothing else. DESIGN 2.
 *
 * @module
 */

import { join } from "node:path";
import { errorFromData, PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { systemDeps } from "../lib/deps.ts";
import { jobLimits, serverLimits } from "../lib/limits.ts";
import type { LogFormat, LogLevel } from "../lib/log.ts";
import { startWorker } from "../lib/worker.ts";
import { jobProcess } from "./job_process.ts";
import type {
  DaemonOptions,
  DaemonReady,
  FromDaemon,
  LiveOptions,
  NodeOptions,
  ToDaemon,
} from "./protocol.ts";

/** What decides which files a daemon may touch. */
export interface ConfinedPaths {
  readonly artifacts: string;
  readonly stateDir: string;
  readonly stateWritable: boolean;
}

/** The permissions of a daemon that serves these artifacts with this state. */
export function daemonPermissions(paths: ConfinedPaths): Deno.PermissionOptionsObject {
  return {
    read: [paths.artifacts, paths.stateDir],
    write: paths.stateWritable ? [paths.stateDir] : false,
    net: true,
    // Addresses to announce, and room on the disk for /health.
    sys: ["networkInterfaces", "statfs"],
    env: false,
    run: false,
    ffi: false,
    import: false,
  };
}

/** How the main thread follows its daemon. */
export interface DaemonWatcher {
  readonly logging: { readonly level: LogLevel; readonly format: LogFormat };
  readonly onProgress?: (done: number, total: number, label: string) => void;
  readonly onReady: (ready: DaemonReady) => void;
  /** Calls back when the configuration is to be read again. */
  readonly onHangup?: (listener: () => void) => Disposable;
  /** Reads it; undefined where it is broken. */
  readonly reread?: () => Promise<LiveOptions | undefined>;
  /** What must have gone well before the daemon is told what to serve; it starts meanwhile. */
  readonly admitted?: Promise<void>;
  /** Asks the daemon to stop: goodbye, drain, end. */
  readonly signal: AbortSignal;
}

/**
 * Runs the daemon in its Worker until the signal asks it to stop, or it fails. After the stop is
 * asked it has the drain time and a little more, then it is ended.
 *
 * @throws {PlasmdError} what the daemon failed with
 */
export async function runConfinedDaemon(
  options: DaemonOptions,
  watcher: DaemonWatcher,
): Promise<void> {
  const { logging } = watcher;
  const { drainMs } = options.limits;
  await using stack = new AsyncDisposableStack();
  const runs = options.jobs === undefined ? undefined : await openRuns(stack, options);
  await runConfined({ type: "start", options, logging, runs }, options, watcher, drainMs);
}

/** The end of a port at which the daemon has jobs run. */
async function openRuns(
  stack: AsyncDisposableStack,
  { jobs, stateDir, stateWritable }: DaemonOptions,
): Promise<MessagePort> {
  const { openPool } = await import("../jobs/pool.ts");
  const { serveRuns } = await import("./job_runs.ts");
  // The daemon can write there, too; but it is the one that signs what comes of a job anyway.
  const components = stateWritable ? join(stateDir, "components") : undefined;
  const warm = Math.min(jobLimits.warm, jobs!.concurrency);
  const pool = stack.use(openPool({ ...jobProcess(), warm, components }, systemDeps()));
  const { port1, port2 } = new MessageChannel();
  stack.use(serveRuns(port1, pool.run));
  return port2;
}

/**
 * The same for a node of the DHT that serves nothing: it reads and writes its state alone.
 *
 * @throws {PlasmdError} what the node failed with
 */
export async function runConfinedNode(options: NodeOptions, watcher: DaemonWatcher): Promise<void> {
  const { logging } = watcher;
  const paths = { ...options, artifacts: options.stateDir };
  await runConfined({ type: "join", options, logging }, paths, watcher, 0);
}

async function runConfined(
  first: ToDaemon,
  paths: ConfinedPaths,
  watcher: DaemonWatcher,
  drainMs: number,
): Promise<void> {
  const { onProgress, onReady, signal, admitted = Promise.resolve() } = watcher;
  const worker = startWorker("daemon", { permissions: daemonPermissions(paths) });
  const say = (message: ToDaemon) => {
    const port = message.type === "start" ? message.runs : undefined;
    worker.postMessage(message, port === undefined ? [] : [port]);
  };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const loaded = Promise.withResolvers<void>();
  let overdue: ReturnType<typeof setTimeout> | undefined;
  let longestDrainMs = drainMs;
  const stop = () => {
    say({ type: "stop" });
    overdue = setTimeout(resolve, longestDrainMs + serverLimits.stopGraceMs);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new PlasmdError("internal", `The daemon ended: ${event.message}`));
  };
  worker.onmessage = ({ data }: MessageEvent<FromDaemon>) => {
    if (data.type === "loaded") {
      admitted.then(() => {
        say(first);
        loaded.resolve();
      }, reject);
    } else if (data.type === "progress") onProgress?.(data.done, data.total, data.label);
    else if (data.type === "ready") onReady(data.ready);
    else if (data.type === "failed") reject(errorFromData(data.error));
    else resolve();
  };
  const reload = async () => {
    // Before it was told what to serve, it has nothing to take over.
    await loaded.promise;
    const live = await watcher.reread?.();
    if (live === undefined) return;
    // Whether the daemon takes it over isn't known here: the longer of the two is waited for.
    longestDrainMs = Math.max(longestDrainMs, live.limits.drainMs);
    say({ type: "reload", live });
  };
  admitted.catch(reject);
  using _hangups = watcher.onHangup?.(() => void reload().catch(reject));
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) return;
    await promise;
  } catch (thrown) {
    throw toPlasmdError(thrown);
  } finally {
    clearTimeout(overdue);
    signal.removeEventListener("abort", stop);
    worker.terminate();
  }
}
