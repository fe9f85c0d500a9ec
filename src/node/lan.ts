/**
 * The daemon's place on the LAN: what it serves, as multicast DNS announces it.
 *
 * @module
 */

import type { Catalog } from "../artifacts/snapshot.ts";
import type { Announcer, AnnounceStatus, Service } from "../discovery/mdns/announce.ts";
import type { Identity } from "../identity/key_file.ts";
import type { Deps } from "../lib/deps.ts";
import { loadPart } from "../lib/part.ts";
import { isLoopback } from "./addresses.ts";
import { advertisedImages } from "./network.ts";

/** What is announced, and where. */
export interface LanOptions {
  readonly catalog: Catalog;
  readonly identity: Pick<Identity, "peerId">;
  /** The HTTP server as it listens. */
  readonly server: { readonly host: string; readonly port: number };
}

/** The daemon's announcements. Disposing them says goodbye. */
export interface Lan extends Announcer {
  /** What is served has changed. */
  renew(): void;
}

/** Starts to announce what is served. */
export async function openLan(
  { catalog, identity, server }: LanOptions,
  deps: Deps,
): Promise<Lan> {
  const { announceMdns } = await loadPart<typeof import("../discovery/mdns/part.ts")>("mdns");
  const { host, port } = server;
  const services = () => servicesOf(catalog, deps.clock.now());
  const announcer = await announceMdns({
    peerId: identity.peerId,
    port,
    services: services(),
    // DESIGN 14: with a loopback host loopback is announced, otherwise never.
    choice: { host, loopback: isLoopback(host) },
  }, deps);
  return {
    ...announcer,
    status: () => publicStatus(announcer.status()),
    renew: () => announcer.update(services()),
  };
}

/** DESIGN 7: everybody may read where it can't speak; details of errors are for the log. */
export function publicStatus(status: AnnounceStatus): AnnounceStatus {
  const reason = "the log has the reason, at debug";
  const failed = Object.keys(status.failed).map((lane) => [lane, reason]);
  return { ...status, failed: Object.fromEntries(failed) };
}

/** One service for each image that is advertised. */
export function servicesOf(catalog: Catalog, now: number): Service[] {
  return advertisedImages(catalog, now).map(({ channel, arch, path, sequence }) => {
    const { manifest: { version }, signers } = catalog.find(channel, arch)!.manifest;
    return { channel, arch, version, path, sequence, keyid: signers[0]! };
  });
}
