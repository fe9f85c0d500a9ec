/**
 * What is served, as `/status` lists it.
 *
 * @module
 */

import type { Catalog } from "../artifacts/snapshot.ts";
import type { StatusReport } from "./report.ts";

/** The parts of a status report that follow from the catalog. */
export function catalogReport(catalog: Catalog): Pick<StatusReport, "manifests" | "artifacts"> {
  const snapshots = catalog.list();
  return {
    manifests: snapshots.map(({ channel, arch, manifest: { manifest, id, signers } }) => ({
      channel,
      arch,
      version: manifest.version,
      sequence: manifest.sequence,
      manifest_id: id,
      created_at: manifest.created_at,
      expires_at: manifest.expires_at,
      signers: [...signers],
    })),
    artifacts: snapshots.flatMap(({ channel, arch, artifacts }) =>
      [...artifacts.values()].map(({ name, size, digest }) => ({
        name,
        channel,
        arch,
        size,
        hash: `sha256:${digest}`,
      }))
    ),
  };
}
