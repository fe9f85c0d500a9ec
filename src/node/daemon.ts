/**
 * The daemon: its parts in the order in which they start, and in reverse when they stop.
 *
 * @module
 */

import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { type OpenCatalog, openCatalog } from "../artifacts/catalog.ts";
import type { Catalog } from "../artifacts/snapshot.ts";
import type { Announcer } from "../discovery/mdns/announce.ts";
import { identityFromSeed } from "../identity/key_file.ts";
import { ownRuntimes } from "../jobs/runtimes.ts";
import type { JobService, RunJob } from "../jobs/service/types.ts";
import type { Deps } from "../lib/deps.ts";
import { serverLimits } from "../lib/limits.ts";
import type { MemoryMeter } from "../lib/meter.ts";
import { makeProblems } from "../server/problems.ts";
import { startServer } from "../server/server.ts";
import { type InterfaceAddress, serverOrigins } from "./addresses.ts";
import { jobParts, jobsStatus, openJobs, ownArch } from "./daemon_jobs.ts";
import { makeHealth } from "./health.ts";
import { openLan } from "./lan.ts";
import { type DaemonNetwork, openNetwork } from "./network.ts";
import type { DaemonOptions, DaemonReady, LiveOptions, ServedImage } from "./protocol.ts";
import { makeMetrics } from "./metrics.ts";
import { makeStatus } from "./status.ts";
import { openToken } from "./token.ts";

/** A daemon that serves, until it is disposed. */
export interface Daemon extends AsyncDisposable {
  readonly ready: DaemonReady;
  /**
   * Takes over what can change while it runs, without dropping a download.
   *
   * @throws {PlasmdError} where the new settings can't be served; the old snapshots stay
   */
  reload(live: LiveOptions): Promise<void>;
}

/** What the daemon reports to, and stops for. */
export interface DaemonRun {
  readonly signal: AbortSignal;
  readonly meter: MemoryMeter;
  readonly onProgress: (done: number, total: number, label: string) => void;
  /** Runs a job in a process; where it is missing, jobs are off. */
  readonly runJob?: RunJob;
}

/**
 * Starts the server (which answers 503 at first), then hashes and publishes what it serves.
 *
 * @throws {PlasmdError} `address_in_use` or `permission` for the port, `artifacts` or `mismatch`
 * for the directory
 */
export async function startDaemon(
  options: DaemonOptions,
  { signal, meter, onProgress, runJob }: DaemonRun,
  deps: Deps,
): Promise<Daemon> {
  await using parts = new AsyncDisposableStack();
  const identity = identityFromSeed(options.identity.seed, options.identity.file);
  const signing = options.signingKey;
  const signer = signing === undefined ? identity : identityFromSeed(signing.seed, signing.file);
  const held: {
    catalog?: OpenCatalog;
    network?: DaemonNetwork;
    lan?: Announcer;
    jobs?: JobService;
  } = {};
  const catalog = () => held.catalog;
  // Disposed last: answers that still run while the server drains read from it.
  parts.defer(() => held.catalog?.[Symbol.asyncDispose]());
  // Jobs that still run then are ended, and run again at the next start.
  parts.defer(() => held.jobs?.[Symbol.asyncDispose]());

  const problems = makeProblems(serverLimits.problems, deps.clock);
  const dhtConnected = () => held.network?.connected();
  const { stateDir } = options;
  const health = makeHealth({ catalog, stateDir, dhtConnected, problems }, deps);
  let origins: readonly string[] = [];
  const status = makeStatus({
    identity,
    catalog,
    origins: () => origins,
    meter,
    jobs: () => jobsStatus(held),
    discovery: () => ({ dht: held.network?.report(), mdns: held.lan?.status() }),
  }, deps);
  const server = parts.use(
    await startServer(
      {
        host: options.host,
        port: options.port,
        catalog: follow(catalog),
        health,
        status,
        metrics: makeMetrics({ catalog, meter, jobs: () => held.jobs?.report() }, deps),
        token: await openToken(options.stateDir, deps),
        paths: { artifacts: options.artifacts, state: options.stateDir },
        problems,
        jobs: jobParts(held, identity),
        limits: serverLimitsOf(options, options.connections),
      },
      deps,
    ),
  );
  parts.defer(() => server.drain());
  tellRoom(options, options.connections, deps);
  origins = serverOrigins(server.host, server.port, interfaceAddresses());
  const opened = held.catalog = await openCatalog({
    ...imageOptions(options),
    directory: options.artifacts,
    channel: options.channel,
    arch: options.arch,
    stateDir: options.stateDir,
    identity: signer,
    watch: true,
    signal,
    onProgress,
  }, deps);
  held.jobs = await openJobs(options, identity, runJob, deps);
  if (options.mdns) {
    const lan = await openLan({ catalog: opened, identity, server }, deps);
    held.lan = parts.use(lan);
    parts.use(opened.onChange(() => lan.renew()));
  }
  // After the image is served: loading the DHT takes a slow machine seconds.
  const network = held.network = await joinDht(options, deps);
  if (network !== undefined) {
    parts.use(network);
    const room = serverLimitsOf(options, options.connections).connections;
    const load = () => Math.min(100, Math.round(100 * server.connections() / room));
    await network.advertise({ catalog: () => opened, httpPort: server.port, load });
    parts.use(opened.onChange(() => network.renew()));
    if (held.jobs !== undefined) {
      const info = { arch: ownArch(), runtimes: ownRuntimes, httpPort: server.port };
      await network.offerJobs(held.jobs, info);
    }
  }
  const ready: DaemonReady = {
    host: server.host,
    port: server.port,
    origins,
    keyid: identity.keyid,
    peerId: identity.peerId,
    p2pAddresses: network?.report().addresses ?? [],
    images: images(opened),
  };
  const owned = parts.move();
  return {
    ready,
    async reload(live) {
      const failure = await opened.reload(imageOptions(live));
      if (failure !== undefined) throw failure;
      if (live.jobs !== undefined) held.jobs?.reload(live.jobs);
      server.setLimits(serverLimitsOf(live, options.connections));
      tellRoom(live, options.connections, deps);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function joinDht(options: DaemonOptions, deps: Deps): Promise<DaemonNetwork | undefined> {
  const { dht, host, stateDir, stateWritable, identity } = options;
  if (dht === undefined) return undefined;
  const peersFile = stateWritable ? join(stateDir, "peers.json") : undefined;
  return await openNetwork({ ...dht, host, peersFile }, identity.seed, deps);
}

/** What says how images are made. */
function imageOptions(
  { channels, channel, arch, cmdline, imageVersion, lifetimeMs, keyLists }: LiveOptions,
) {
  return { channels, channel, arch, cmdline, imageVersion, lifetimeMs, keyLists };
}

/** The limits that were set; never more connections than there are descriptors for. */
function serverLimitsOf({ limits }: LiveOptions, room: number = limits.connections) {
  return { ...limits, connections: Math.min(limits.connections, room) };
}

/** A limit that was set and can't be kept is said. */
function tellRoom({ limits }: LiveOptions, room: number = limits.connections, { log }: Deps): void {
  if (room >= limits.connections) return;
  log.warn("Fewer connections are taken than configured: the system gives too few descriptors", {
    configured: limits.connections,
    taken: room,
    hint: "raise the limit on open files: LimitNOFILE= of the unit, or ulimit -Hn",
  });
}

/** A catalog that is empty until there is one. */
function follow(current: () => Catalog | undefined): Catalog {
  return {
    get default() {
      return current()?.default;
    },
    list: () => current()?.list() ?? [],
    find: (channel, arch) => current()?.find(channel, arch),
    blob: (digest) => current()?.blob(digest),
  };
}

function images(catalog: Catalog): ServedImage[] {
  return catalog.list().map(({ channel, arch, manifest, artifacts }) => ({
    channel,
    arch,
    version: manifest.manifest.version,
    manifestId: manifest.id,
    signers: manifest.signers,
    expiresAt: manifest.manifest.expires_at,
    artifacts: [...artifacts.values()].map(({ name, size }) => ({ name, size })),
  }));
}

function interfaceAddresses(): InterfaceAddress[] {
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ family, address }) => ({ family: family as "IPv4" | "IPv6", address }))
  );
}
