/**
 * What this node says of itself at `/status`. DESIGN 7: nothing of other peers, no file path.
 *
 * @module
 */

import type { Catalog } from "../artifacts/snapshot.ts";
import type { Identity } from "../identity/key_file.ts";
import type { Deps } from "../lib/deps.ts";
import type { MemoryMeter } from "../lib/meter.ts";
import { programVersion } from "../lib/version.ts";
import { catalogReport } from "../server/catalog_report.ts";
import type { DiscoveryReport } from "../server/discovery_report.ts";
import type { JobsStatusReport } from "../server/jobs_report.ts";
import type { StatusReport } from "../server/report.ts";

/** What is reported. */
export interface StatusSubjects {
  readonly identity: Pick<Identity, "keyid" | "peerId">;
  readonly catalog: () => Catalog | undefined;
  /** The URLs at which the node listens. */
  readonly origins: () => readonly string[];
  readonly meter: Pick<MemoryMeter, "read">;
  /** How it stands with jobs; undefined where they are off. */
  readonly jobs?: () => JobsStatusReport | undefined;
  /** How the node can be found. */
  readonly discovery?: () => DiscoveryReport;
}

/** Makes the answer of `/status`; uptime counts from this call. */
export function makeStatus(
  { identity, catalog, origins, meter, discovery, jobs }: StatusSubjects,
  { clock }: Deps,
): () => Promise<StatusReport> {
  const startedAt = new Date(clock.now()).toISOString();
  const start = clock.steady();
  return () => {
    const current = catalog();
    const running = jobs?.();
    return Promise.resolve({
      provider: {
        version: programVersion.version,
        keyid: identity.keyid,
        peer_id: identity.peerId,
        started_at: startedAt,
        uptime_seconds: Math.floor((clock.steady() - start) / 1000),
        addresses: origins(),
        default: current?.default ?? null,
      },
      ipxe: {
        path: "/boot.ipxe",
        trusts: "this provider and the network to it: nothing that iPXE loads is verified",
      },
      ...(current === undefined ? { manifests: [], artifacts: [] } : catalogReport(current)),
      metrics: meter.read(),
      discovery: discovery?.() ?? {},
      ...(running === undefined ? {} : { jobs: running }),
    });
  };
}
