/**
 * Says in the DHT what this node serves, and answers those who ask: at once, again by timer, and
 * again where too few have heard it.
 *
 * @module
 */

import { providerProtocol, sealProviderRecord } from "../formats/provider_record.ts";
import type { Deps } from "../lib/deps.ts";
import { toPlasmdError } from "../lib/errors.ts";
import { discoveryLimits } from "../lib/limits.ts";
import type { P2pNode } from "../p2p/options.ts";
import { imageKey, type ImageTarget, readQuestion, signerKey, valueUrl } from "./keys.ts";
import { bestHost } from "./own_host.ts";
import { makePool } from "./pool.ts";

/** An image as it is advertised. */
export interface AdvertisedImage extends ImageTarget {
  readonly manifestId: string;
  readonly sequence: number;
  /** Keyids of all who have signed it. */
  readonly signers: readonly string[];
  /** The path of its manifest. */
  readonly path: string;
}

/** What is advertised. */
export interface AdvertiseOptions {
  /** The images that are served now; those that have expired are left out. */
  readonly images: () => readonly AdvertisedImage[];
  readonly httpPort: number;
  /** The seed of the node's key. */
  readonly seed: Uint8Array;
  /** How busy the server is: 0 to 100. */
  readonly load: () => number;
}

/** How it stands with one key of the DHT. */
export interface Announcement extends ImageTarget {
  /** `provider`: a record that leads to us; `value`: the plain URL for simple clients. */
  readonly kind: "provider" | "value";
  readonly key: string;
  /** When holders last took it, as an ISO time. */
  readonly published_at: string | null;
  /** How many holders were told then. */
  readonly holders: number;
  /** Why the last try failed, or reached too few. */
  readonly error: string | null;
}

/** What advertises until it is disposed; then the node no longer answers. */
export interface Advertiser extends AsyncDisposable {
  announcements(): readonly Announcement[];
  /** Announces everything again, now: something has changed. */
  renew(): void;
}

/** Starts to advertise. */
export async function advertise(
  node: P2pNode,
  options: AdvertiseOptions,
  deps: Deps,
): Promise<Advertiser> {
  const stop = new AbortController();
  const state = new Map<string, Announcement>();
  let wake = new AbortController();
  const renew = () => wake.abort();
  await node.serve({
    protocol: providerProtocol,
    maxBytes: discoveryLimits.questionBytes,
    answer: (question) => stop.signal.aborted ? undefined : answer(question, options, deps),
  });
  using held = new DisposableStack();
  held.use(node.onAddresses(renew));
  held.use(onNewImages(options, renew, stop.signal, deps));
  const owned = held.move();

  async function run(): Promise<void> {
    for (let failures = 0; !stop.signal.aborted;) {
      wake = new AbortController();
      const reached = await announceAll(node, options, state, stop.signal, deps);
      failures = reached ? 0 : failures + 1;
      const ms = reached ? discoveryLimits.announceMs : retryMs(failures);
      await waitFor(ms, node, AbortSignal.any([wake.signal, stop.signal]), deps);
    }
  }

  const running = run().catch((thrown) => {
    if (!stop.signal.aborted) deps.log.error("Advertising has ended", { reason: thrown });
  });
  return {
    announcements: () => [...state.values()],
    renew,
    async [Symbol.asyncDispose]() {
      stop.abort();
      owned.dispose();
      await running;
      // A DHT has no goodbye: our own node stops saying it, and no longer answers who asks.
      await Promise.all([...state.keys()].map((key) => node.withdraw(key).catch(() => {})));
    },
  };
}

/** The signed record of the image that is asked for, if we serve it. */
function answer(
  question: Uint8Array,
  { images, httpPort, seed, load }: AdvertiseOptions,
  { clock }: Deps,
): Uint8Array | undefined {
  const target = readQuestion(question);
  const image = target &&
    images().find(({ channel, arch }) => channel === target.channel && arch === target.arch);
  if (image === undefined) return undefined;
  const { channel, arch, manifestId, sequence } = image;
  const expiresAt = clock.now() + discoveryLimits.recordValidMs;
  const record = { channel, arch, manifestId, sequence, httpPort, load: load(), expiresAt };
  return sealProviderRecord(record, seed);
}

/** Announces every key. Returns whether each has reached as many holders as there could be. */
async function announceAll(
  node: P2pNode,
  options: AdvertiseOptions,
  state: Map<string, Announcement>,
  stopping: AbortSignal,
  deps: Deps,
): Promise<boolean> {
  const wanted = options.images().flatMap((image) => tasksOf(image, node, options));
  const names = new Set(wanted.map(nameOf));
  for (const [name, { key, kind }] of state) {
    if (names.has(name)) continue;
    state.delete(name);
    if (kind === "provider") await node.withdraw(key);
  }
  const pool = makePool(discoveryLimits.announced);
  await Promise.all(wanted.map((task) =>
    pool(async () => {
      const before = state.get(nameOf(task));
      state.set(nameOf(task), await announce(task, node, before, stopping, deps));
    })
  ));
  return [...state.values()].every(({ error }) => error === null);
}

/** One thing to announce. */
interface Task extends ImageTarget {
  readonly kind: Announcement["kind"];
  readonly key: string;
  /** The URL of a value. */
  readonly url?: string;
}

function tasksOf(image: AdvertisedImage, node: P2pNode, { httpPort }: AdvertiseOptions): Task[] {
  const { channel, arch, signers, path } = image;
  const keys = [...signers.map((keyid) => signerKey(image, keyid)), imageKey(image)];
  const providers = keys.map((key): Task => ({ channel, arch, kind: "provider", key }));
  const host = bestHost(node.addresses());
  if (host === undefined) return providers;
  const url = valueUrl(host, httpPort, path);
  return [...providers, { channel, arch, kind: "value", key: imageKey(image), url }];
}

function nameOf({ kind, key }: Pick<Task, "kind" | "key">): string {
  return `${kind} ${key}`;
}

async function announce(
  task: Task,
  node: P2pNode,
  before: Announcement | undefined,
  stopping: AbortSignal,
  { clock, log }: Deps,
): Promise<Announcement> {
  const { channel, arch, kind, key, url } = task;
  const told = { channel, arch, kind, key };
  const timeout = AbortSignal.timeout(
    // Alone, our own node is the only holder: it must know, and nobody has to be waited for.
    node.status().table === 0 ? discoveryLimits.askMs / 5 : discoveryLimits.announceTimeoutMs,
  );
  const signal = AbortSignal.any([stopping, timeout]);
  let holders = 0;
  let error: string | null = null;
  let reason: string | undefined;
  try {
    holders = kind === "provider"
      ? await node.provide(key, signal)
      : await node.put(key, new TextEncoder().encode(url), signal);
  } catch (thrown) {
    // DESIGN 7: everybody may read that it failed; why may name other peers, and is for the log.
    if (!timeout.aborted) error = "it failed: the log has the reason, at debug";
    reason = toPlasmdError(thrown).message;
  }
  const least = Math.max(1, Math.min(discoveryLimits.holders, node.status().table));
  if (error === null && holders < least) {
    error = holders === 0
      ? "no peer has taken it yet"
      : `only ${holders} of ${least} peers took it`;
  }
  if (error !== null) log.debug("Announced to too few", { key, holders, reason: reason ?? error });
  if (holders === 0) {
    return { ...told, published_at: before?.published_at ?? null, holders: 0, error };
  }
  return { ...told, published_at: new Date(clock.now()).toISOString(), holders, error };
}

function retryMs(failures: number): number {
  const doubled = discoveryLimits.announceRetryMs * 2 ** Math.min(failures - 1, 20);
  return Math.min(doubled, discoveryLimits.announceRetryMaxMs);
}

/** Waits so long, until it is woken, or, where there are no peers, until the first one comes. */
async function waitFor(ms: number, node: P2pNode, signal: AbortSignal, { clock }: Deps) {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const waits = [clock.sleep(ms, { signal: either })];
  if (node.status().table === 0) waits.push(node.joined(either));
  await Promise.race(waits.map((wait) => wait.catch(() => {})));
  over.abort();
}

/** Calls back when other images are served than before. */
function onNewImages(
  { images }: AdvertiseOptions,
  listener: () => void,
  stopping: AbortSignal,
  { clock }: Deps,
): Disposable {
  const own = new AbortController();
  const signal = AbortSignal.any([own.signal, stopping]);
  const text = () => images().map((image) => `${imageKey(image)} ${image.manifestId}`).join("\n");
  const watch = async () => {
    for (let known = text(); !signal.aborted;) {
      await clock.sleep(discoveryLimits.catalogCheckMs, { signal });
      const now = text();
      if (now === known) continue;
      known = now;
      listener();
    }
  };
  watch().catch(() => {}); // it ends only when it is told to
  return { [Symbol.dispose]: () => own.abort() };
}
