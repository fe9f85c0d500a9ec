/**
 * `/metrics`: what was counted, in Prometheus' text format.
 *
 * Parts count in memory, which is cheap; the library that knows the format is loaded when somebody
 * asks for the first time, so that a start doesn't wait for it.
 *
 * @module
 */

import process from "node:process";
import type { Registry } from "prom-client";
import type { Catalog } from "../artifacts/snapshot.ts";
import { parseTime } from "../formats/time.ts";
import type { JobsReport } from "../jobs/service/types.ts";
import type { Deps } from "../lib/deps.ts";
import type { MemoryMeter, Series } from "../lib/meter.ts";
import { programVersion } from "../lib/version.ts";
import { type Figure, figures } from "./figures.ts";

/** What is shown. */
export interface MetricsSubjects {
  readonly catalog: () => Catalog | undefined;
  /** What the parts have counted. */
  readonly meter: Pick<MemoryMeter, "series">;
  /** What the service of jobs counts; undefined where they are off. */
  readonly jobs?: () => JobsReport | undefined;
}

/** Makes the answer of `/metrics`; the process counts as started at this call. */
export function makeMetrics(
  { catalog, meter, jobs }: MetricsSubjects,
  { clock }: Pick<Deps, "clock">,
): () => Promise<string> {
  const startedAt = clock.now();
  let current: readonly Series[] = [];
  let opened: Promise<Registry> | undefined;
  return async () => {
    const registry = await (opened ??= openRegistry(() => current));
    current = [
      ...meter.series(),
      ...images(catalog(), clock.now()),
      ...jobFigures(jobs?.()),
      ...ours(startedAt),
    ];
    return await registry.metrics();
  };
}

/** A registry that takes its figures from `current` whenever it is read. */
async function openRegistry(current: () => readonly Series[]): Promise<Registry> {
  const { Counter, Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  for (const figure of figures) {
    const { name, help, labels } = figure;
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (figure.kind === "counter") {
      new Counter({
        ...options,
        collect() {
          this.reset();
          for (const { labels, value } of only(figure, current())) this.inc({ ...labels }, value);
        },
      });
    } else {
      new Gauge({
        ...options,
        collect() {
          this.reset();
          for (const { labels, value } of only(figure, current())) this.set({ ...labels }, value);
        },
      });
    }
  }
  return registry;
}

function only({ name }: Figure, all: readonly Series[]): Series[] {
  return all.filter((series) => series.name === name);
}

function images(catalog: Catalog | undefined, now: number): Series[] {
  return (catalog?.list() ?? []).flatMap(({ channel, arch, manifest, artifacts, madeAt }) => [
    figure("plasmd_snapshot_age_seconds", Math.max(0, now - madeAt) / 1000, { channel, arch }),
    figure(
      "plasmd_manifest_expiry_timestamp_seconds",
      (parseTime(manifest.manifest.expires_at) ?? 0) / 1000,
      { channel, arch },
    ),
    ...[...artifacts.values()].map(({ name, size }) =>
      figure("plasmd_artifact_size_bytes", size, { channel, arch, artifact: name })
    ),
  ]);
}

/** DESIGN 11: counts only; no job and no submitter is named. */
function jobFigures(report: JobsReport | undefined): Series[] {
  if (report === undefined) return [];
  const { waiting, queued, running, kept, blobBytes, outputBytes } = report;
  return [
    ...Object.entries({ waiting, queued, running, kept })
      .map(([state, count]) => figure("plasmd_jobs", count, { state })),
    figure("plasmd_jobs_input_bytes", blobBytes),
    figure("plasmd_jobs_output_bytes", outputBytes),
  ];
}

/** Figures of this program and process, as far as the confined daemon may know them. */
function ours(startedAt: number): Series[] {
  const { version, commit, target } = programVersion;
  const { user, system } = process.cpuUsage();
  return [
    figure("plasmd_build_info", 1, { version, commit: commit ?? "", target }),
    figure("process_cpu_seconds_total", (user + system) / 1e6),
    figure("process_resident_memory_bytes", Deno.memoryUsage().rss),
    figure("process_start_time_seconds", startedAt / 1000),
  ];
}

function figure(name: string, value: number, labels: Series["labels"] = {}): Series {
  return { name, labels, value };
}
