/**
 * The daemon: its parts in the order in which they start, and in reverse when they stop.
 *
 * @module
 */

import { networkInterfaces } from "node:os";
import { type OpenCatalog, openCatalog } from "../artifacts/catalog.ts";
import type { Catalog } from "../artifacts/snapshot.ts";
import { identityFromSeed } from "../identity/key_file.ts";
import type { Deps } from "../lib/deps.ts";
import type { MemoryMeter } from "../lib/meter.ts";
import { startServer } from "../server/server.ts";
import { type InterfaceAddress, serverOrigins } from "./addresses.ts";
import { makeHealth } from "./health.ts";
import type { DaemonOptions, DaemonReady, ServedImage } from "./protocol.ts";
import { makeStatus } from "./status.ts";

/** A daemon that serves, until it is disposed. */
export interface Daemon extends AsyncDisposable {
  readonly ready: DaemonReady;
}

/** What the daemon reports to, and stops for. */
export interface DaemonRun {
  readonly signal: AbortSignal;
  readonly meter: MemoryMeter;
  readonly onProgress: (done: number, total: number, label: string) => void;
}

/**
 * Starts the server (which answers 503 at first), then hashes and publishes what it serves.
 *
 * @throws {PlasmdError} `address_in_use` or `permission` for the port, `artifacts` or `mismatch`
 * for the directory
 */
export async function startDaemon(
  options: DaemonOptions,
  { signal, meter, onProgress }: DaemonRun,
  deps: Deps,
): Promise<Daemon> {
  await using parts = new AsyncDisposableStack();
  const identity = identityFromSeed(options.identity.seed, options.identity.file);
  const signing = options.signingKey;
  const signer = signing === undefined ? identity : identityFromSeed(signing.seed, signing.file);
  const held: { catalog?: OpenCatalog } = {};
  const catalog = () => held.catalog;
  // Disposed last: answers that still run while the server drains read from it.
  parts.defer(() => held.catalog?.[Symbol.asyncDispose]());

  const health = makeHealth({ catalog, stateDir: options.stateDir }, deps);
  let origins: readonly string[] = [];
  const status = makeStatus({ identity, catalog, origins: () => origins, meter }, deps);
  const server = parts.use(
    await startServer(
      {
        host: options.host,
        port: options.port,
        catalog: follow(catalog),
        health,
        status,
        ...(options.connections === undefined
          ? {}
          : { limits: { connections: options.connections } }),
      },
      deps,
    ),
  );
  parts.defer(() => server.drain());
  origins = serverOrigins(server.host, server.port, interfaceAddresses());
  held.catalog = await openCatalog({
    ...options,
    directory: options.artifacts,
    identity: signer,
    signal,
    onProgress,
  }, deps);
  const ready: DaemonReady = {
    host: server.host,
    port: server.port,
    origins,
    keyid: identity.keyid,
    peerId: identity.peerId,
    images: images(held.catalog),
  };
  const owned = parts.move();
  return { ready, [Symbol.asyncDispose]: () => owned.disposeAsync() };
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
