/**
 * Nodes that run jobs: said in the DHT under what they can run, and found there. DESIGN 8.
 *
 * @module
 */

import {
  decodeJobMessage,
  encodeJobMessage,
  jobMessageBytes,
  jobProtocol,
  readWorkerInfo,
} from "../formats/job_wire.ts";
import { type Arch, arches } from "../formats/names.ts";
import { keyidOfPeer } from "../identity/keyid.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { discoveryLimits } from "../lib/limits.ts";
import type { P2pNode } from "../p2p/options.ts";
import { makePool } from "./pool.ts";

/** A worker that was found and has answered. */
export interface FoundWorker {
  readonly peer: string;
  /** The key of the peer that was connected: its receipts are signed with it. */
  readonly keyid: string;
  /** `http://address:port`, the address at which it was reached. */
  readonly origin: string;
  readonly arch: Arch;
  readonly runtimes: readonly string[];
  /** 0 idle to 100 full, as it says. */
  readonly load: number;
  readonly latencyMs: number;
}

/** Which workers are looked for; what is missing doesn't matter. */
export interface FindWorkersOptions {
  readonly arch?: string;
  readonly runtime?: string;
  readonly signal: AbortSignal;
}

/** The key of those who run programs of a kind. */
export function capabilityKey(arch: string, runtime: string): string {
  return `/phase/capability/${arch}/${runtime}`;
}

/** The keys of a worker: `wasm` for all, and one for each kind. */
export function capabilityKeys(arch: string, kinds: readonly string[]): string[] {
  return [...new Set(["wasm", ...kinds])].map((runtime) => capabilityKey(arch, runtime));
}

/**
 * Workers that answer, until the signal aborts or all were asked; the least busy first. Never throws
 * for the signal: what was found by then is the answer.
 */
export async function findWorkers(
  node: Pick<P2pNode, "providers" | "ask" | "peerId">,
  { arch, runtime = "wasm", signal }: FindWorkersOptions,
): Promise<FoundWorker[]> {
  const found: FoundWorker[] = [];
  const seen = new Set([node.peerId]);
  const pool = makePool(discoveryLimits.asked);
  const asked: Promise<void>[] = [];
  const look = async (key: string) => {
    for await (const peer of node.providers(key, signal)) {
      // DESIGN 8: so many records a lookup, however many there are.
      if (seen.has(peer) || seen.size > discoveryLimits.records) continue;
      seen.add(peer);
      asked.push(pool(async () => {
        const worker = await askWorker(node, peer, signal).catch(() => undefined);
        // A peer that has answered counts by what it says itself, not by where it was found.
        if (worker !== undefined && fits(worker, arch, runtime)) found.push(worker);
      }));
    }
  };
  const keys = arches.filter((one) => arch === undefined || one === arch)
    .map((one) => capabilityKey(one, runtime));
  await Promise.all(keys.map((key) => look(key).catch(() => {})));
  await Promise.all(asked);
  return found.toSorted((a, b) => a.load - b.load || a.latencyMs - b.latencyMs);
}

/** Asks a peer what it is. @throws {PlasmdError} where it isn't reached, or is no worker */
export async function askWorker(
  node: Pick<P2pNode, "ask">,
  peer: string,
  signal: AbortSignal,
): Promise<FoundWorker> {
  signal.throwIfAborted();
  const { bytes, host, latencyMs } = await node.ask(peer, {
    protocol: jobProtocol,
    question: encodeJobMessage({ type: "info" }),
    maxBytes: jobMessageBytes,
    signal: AbortSignal.any([signal, AbortSignal.timeout(discoveryLimits.askMs)]),
  });
  const { header } = decodeJobMessage(bytes);
  const keyid = keyidOfPeer(peer);
  if (header.ok !== true || keyid === undefined) {
    throw new PlasmdError("bad_source", "The peer is no worker");
  }
  const { httpPort, ...said } = readWorkerInfo(header);
  const shown = host.includes(":") ? `[${host}]` : host;
  // DESIGN 8: the address at which we reached that peer, and nothing that it names.
  return { peer, keyid, origin: `http://${shown}:${httpPort}`, ...said, latencyMs };
}

function fits(worker: FoundWorker, arch: string | undefined, runtime: string): boolean {
  return (arch ?? worker.arch) === worker.arch && worker.runtimes.includes(runtime);
}

/** What says in the DHT what a node can run, until it is disposed. */
export interface CapabilityAdvertiser extends AsyncDisposable {
  /** Key → how many holders were told last. */
  announced(): Readonly<Record<string, number>>;
}

/** Starts to say it: at once, again by timer, and sooner where nobody has heard. */
export function advertiseCapabilities(
  node: Pick<P2pNode, "provide" | "withdraw" | "status" | "joined" | "onAddresses">,
  keys: readonly string[],
  { clock, log }: Deps,
): CapabilityAdvertiser {
  const stop = new AbortController();
  const holders = new Map<string, number>();
  let wake = new AbortController();
  const watch = node.onAddresses(() => wake.abort());
  const announce = async (key: string) => {
    const timeout = AbortSignal.timeout(discoveryLimits.announceTimeoutMs);
    try {
      holders.set(key, await node.provide(key, AbortSignal.any([stop.signal, timeout])));
    } catch (thrown) {
      holders.set(key, 0);
      log.debug("What can be run here was not announced", { key, reason: thrown });
    }
  };
  const run = async () => {
    for (let failures = 0; !stop.signal.aborted;) {
      wake = new AbortController();
      await Promise.all(keys.map(announce));
      const reached = keys.every((key) => (holders.get(key) ?? 0) > 0);
      failures = reached ? 0 : failures + 1;
      const retryMs = discoveryLimits.announceRetryMs * 2 ** Math.min(failures, 20);
      const ms = reached
        ? discoveryLimits.announceMs
        : Math.min(retryMs, discoveryLimits.announceRetryMaxMs);
      const over = new AbortController();
      const signal = AbortSignal.any([stop.signal, wake.signal, over.signal]);
      const waits = [clock.sleep(ms, { signal })];
      // Alone nobody can hear it: the first peer is told at once.
      if (node.status().table === 0) waits.push(node.joined(signal));
      await Promise.race(waits.map((wait) => wait.catch(() => {})));
      over.abort();
    }
  };
  const running = run().catch((thrown) => log.error("Announcing has ended", { reason: thrown }));
  return {
    announced: () => Object.fromEntries(holders),
    async [Symbol.asyncDispose]() {
      stop.abort();
      watch[Symbol.dispose]();
      await running;
      await Promise.all(keys.map((key) => node.withdraw(key).catch(() => {})));
    },
  };
}
