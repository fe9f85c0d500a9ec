/**
 * A worker that goes through hostile jobs: it is asked for its health all the while, and is to stand
 * as before when they are over.
 *
 * @module
 */

import assert from "node:assert/strict";
import { jobLimits } from "../../src/lib/limits.ts";
import { type HealthFigures, healthText, watchHealth } from "./health_watch.ts";
import { largeData } from "./hostile_modules.ts";
import { hello, hostile } from "./job_modules.ts";
import { jobProcessesOf } from "./job_processes.ts";
import { type JobWorker, workerHome } from "./job_worker.ts";
import { processFigures, untilTrue } from "./process_figures.ts";

const MiB = 1 << 20;
/** What /health may take while jobs do their worst. */
const healthMs = 50;

/** The limits of a hostile job. */
export const small = { wall_ms: 2000, memory_bytes: 128 * MiB, output_bytes: 1 * MiB };

/** A worker, and how it must stand in the end. */
export interface HostileScene extends AsyncDisposable {
  readonly worker: JobWorker;
  /** No process is left but those that wait, the memory is back, and a job runs. */
  settled(): Promise<void>;
}

/** A worker that was warmed up, and how it stands. */
export async function hostileScene(): Promise<HostileScene> {
  await using parts = new AsyncDisposableStack();
  const home = parts.use(await workerHome());
  const worker = parts.use(await home.start());
  const { pid } = worker.provider.process;
  for (let i = 0; i < 10; i++) await worker.run(hello("warm", 0));
  // What is held once is held now: output and a large module, two at a time.
  for (let i = 0; i < 6; i++) {
    await Promise.all(
      [hostile.flood, hostile.flood].map((one) => worker.run(one, { limits: small })),
    );
  }
  const large = [largeData(50_000_000), largeData(50_000_001)];
  await Promise.all(large.map((one) => worker.run(one, { limits: small })));
  const before = processFigures(pid).resident;
  const owned = parts.move();
  return {
    worker,
    async settled() {
      const waiting = () => jobProcessesOf(pid).length === jobLimits.warm;
      await untilTrue(waiting, { ms: 10_000, what: "only processes that wait are left" });
      const grown = () => (processFigures(pid).resident - before) / MiB;
      await untilTrue(() => grown() < 32, { ms: 20_000, what: "the memory is back" });
      assert.equal((await worker.run(hello("still here", 7))).exit_code, 7);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Does something while /health is asked, and holds how long it took. */
export async function whileHealthy<T>(
  worker: JobWorker,
  what: string,
  act: () => Promise<T>,
): Promise<T> {
  const watch = await watchHealth(worker.provider.port);
  let figures: HealthFigures | undefined;
  try {
    return await act();
  } finally {
    figures = await watch.stop();
    console.log(`${what}: /health ${healthText(figures)}`);
    assert.ok(figures.median < healthMs && figures.p95 < healthMs, `/health: ${what}`);
  }
}
