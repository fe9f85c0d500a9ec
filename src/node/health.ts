/**
 * Whether this node does what it is there for. DESIGN 7 and 14.
 *
 * @module
 */

import { statfs } from "node:fs/promises";
import type { CatalogProblem, OpenCatalog } from "../artifacts/catalog.ts";
import type { Snapshot } from "../artifacts/snapshot.ts";
import type { Deps } from "../lib/deps.ts";
import { serverLimits } from "../lib/limits.ts";
import type { Problems } from "../server/problems.ts";
import type { HealthReport } from "../server/report.ts";

/** What is looked at. */
export interface HealthSubjects {
  /** The catalog, once there is one. */
  readonly catalog: () => OpenCatalog | undefined;
  readonly stateDir?: string;
  /** Whether there are peers in the DHT; undefined where the node takes no part. */
  readonly dhtConnected?: () => boolean | undefined;
  /** Where broken artifacts are remembered. */
  readonly problems?: Pick<Problems, "note">;
}

/**
 * Makes the answer of /health: 503 until the first snapshot and when no image can be served whole.
 * An answer is kept for a second, so that asking costs nothing; while a disk hangs, nobody is sent
 * to wait for it a second time.
 */
export function makeHealth(subjects: HealthSubjects, deps: Deps): () => Promise<HealthReport> {
  let kept: { readonly until: number; readonly report: Promise<HealthReport> } | undefined;
  let running = false;
  return () => {
    const now = deps.clock.steady();
    if (kept === undefined || (now >= kept.until && !running)) {
      running = true;
      const report = examine(subjects, deps).finally(() => running = false);
      kept = { until: now + serverLimits.healthMs, report };
    }
    return kept.report;
  };
}

async function examine(subjects: HealthSubjects, { clock, log }: Deps): Promise<HealthReport> {
  const catalog = subjects.catalog();
  const snapshots = catalog?.list() ?? [];
  const problems = await catalog?.check() ?? [];
  const broken = problems.filter(({ code, pending }) => !pending && code !== "expired");
  for (const problem of broken) {
    log.warn("Artifact changed", { ...problem });
    subjects.problems?.note(`${problem.channel}/${problem.arch}`, problem);
  }
  const fresh = snapshots.filter(({ manifest }) =>
    Date.parse(manifest.manifest.expires_at) > clock.now()
  );
  const lists = snapshots.flatMap(({ manifest }) => manifest.manifest.key_lists?.at(-1) ?? []);
  const disk = subjects.stateDir === undefined ? undefined : await hasRoom(subjects.stateDir);
  const dht = subjects.dhtConnected?.();
  const checks = {
    artifacts_readable: snapshots.length > 0 && broken.length === 0,
    // Whether what is served is what lies in the directory.
    artifacts_current: snapshots.length > 0 && !problems.some(({ pending }) => pending),
    manifest_fresh: snapshots.length > 0 && fresh.length === snapshots.length,
    // Who pins root keys refuses a manifest whose last list has expired, however fresh it is.
    ...(lists.length === 0 ? {} : {
      key_lists_fresh: lists.every(({ expires_at: end }) => Date.parse(end) > clock.now()),
    }),
    ...(disk === undefined ? {} : { disk_space_ok: disk }),
    // DESIGN 14: no peers is degraded; what is switched off isn't checked.
    ...(dht === undefined ? {} : { dht_connected: dht }),
  };
  // One image that can be fetched whole and verified is reason enough to be asked.
  const serves = fresh.some((snapshot) => !broken.some((problem) => isOf(snapshot, problem)));
  const status = !serves
    ? "unhealthy"
    : Object.values(checks).every(Boolean)
    ? "healthy"
    : "degraded";
  return { status, checks };
}

function isOf(snapshot: Snapshot, { channel, arch }: CatalogProblem): boolean {
  return snapshot.channel === channel && snapshot.arch === arch;
}

async function hasRoom(directory: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize >= serverLimits.freeBytes;
  } catch {
    return false;
  }
}
