/**
 * Downloads that are measured beside each other: how they are made, and what they came to.
 *
 * @module
 */

import { median } from "../performance_page.ts";
import { processFigures, resetPeak } from "../process_figures.ts";
import { runTool } from "../tools.ts";
import type { LoadClient } from "./client.ts";
import type { Subject } from "./servers.ts";

const MiB = 1024 * 1024;

/** A kind of download. */
export interface Transfer {
  readonly what: string;
  /** Bytes of it in all. */
  readonly bytes: number;
  run(origin: string): Promise<void>;
}

/** What one server came to. */
export interface TransferFigures {
  readonly name: string;
  /** Bytes a second, median of the runs. */
  readonly speed: number;
  /** Seconds of processor time a GiB, median of the runs. */
  readonly cpu: number;
  /** Most bytes that the process held meanwhile. */
  readonly peak: number;
}

/** The downloads of a file of this size at `/rootfs`. */
export function transfers(size: number, client: LoadClient): Transfer[] {
  return [
    {
      what: `${size / MiB} MiB by curl`,
      bytes: size,
      run: (origin) => curl(`${origin}/rootfs`),
    },
    {
      what: `${size / MiB} MiB, dropped unread`,
      bytes: size,
      async run(origin) {
        const got = await client.drop(`${origin}/rootfs`);
        if (got < size) throw new Error(`Only ${got} bytes came from ${origin}`);
      },
    },
    { what: "32 x 10 MiB at once", bytes: 320 * MiB, run: ranges(32, 10 * MiB) },
    { what: "100 ranges of 4 MiB at once", bytes: 400 * MiB, run: ranges(100, 4 * MiB) },
  ];
}

/** So many ranges at the same time; the query only makes URLs of one. */
function ranges(count: number, bytes: number): (origin: string) => Promise<void> {
  const at = ["-Z", "--parallel-immediate", "--parallel-max", String(count)];
  return (origin) =>
    curl(`${origin}/rootfs?n=[1-${count}]`, ...at, "-r", `${MiB}-${MiB + bytes - 1}`);
}

async function curl(url: string, ...args: string[]): Promise<void> {
  await runTool("curl", "-sf", "-o", "/dev/null", ...args, url);
}

/** Runs alternate between the servers, so that a machine that gets slower is fair to all. */
export async function measureTransfer(
  { bytes, run }: Transfer,
  subjects: readonly Subject[],
  { runs, signal }: { readonly runs: number; readonly signal: AbortSignal },
): Promise<TransferFigures[]> {
  const kept = subjects.map((subject) => ({ subject, speeds: [0], cpus: [0] }));
  for (const { pid } of subjects) resetPeak(pid);
  for (let i = 0; i <= runs; i++) {
    for (const { subject: { origin, pid }, speeds, cpus } of kept) {
      signal.throwIfAborted();
      const before = processFigures(pid).cpu;
      const start = performance.now();
      await run(origin);
      const seconds = (performance.now() - start) / 1000;
      if (i === 0) continue; // it fills the caches
      speeds[i - 1] = bytes / seconds;
      cpus[i - 1] = (processFigures(pid).cpu - before) * 1024 * MiB / bytes;
    }
  }
  return kept.map(({ subject: { name, pid }, speeds, cpus }) => ({
    name,
    speed: median(speeds),
    cpu: median(cpus),
    peak: processFigures(pid).peak,
  }));
}
