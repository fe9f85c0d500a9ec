/**
 * A program that uses the job service, and kills itself at a chosen step: argument 1 is the state
 * directory, 2 the time at which its jobs expire, 3 the step, 0 for none. Steps are what the service
 * logs, and the middle of each run.
 *
 * @module
 */

import { sealJobCancel } from "../../src/formats/job_cancel.ts";
import { openJobService } from "../../src/jobs/service/service.ts";
import type { JobService, JobStatus, RunJob } from "../../src/jobs/service/types.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import type { Log } from "../../src/lib/log.ts";
import { bodyOf, moduleBytes, plainJob } from "./job_service.ts";
import { digestOf, testSubmitter, testWorker } from "./jobs.ts";

/** The file that the jobs get, sent in two parts. */
const file = new TextEncoder().encode("a file in two parts");
const signal = new AbortController().signal;

/** What came of the jobs, and how many steps it took. */
export interface CrashReport {
  readonly statuses: readonly JobStatus[];
  /** Base64 of the receipts. */
  readonly receipts: readonly (string | undefined)[];
  readonly output: readonly string[];
  readonly steps: number;
}

/** Does all of it, from wherever an earlier run was stopped. */
export async function runCrashScenario(
  stateDir: string,
  expires_at: string,
  dieAt: number,
): Promise<CrashReport> {
  let steps = 0;
  const step = () => {
    if (++steps === dieAt) Deno.kill(Deno.pid, "SIGKILL");
  };
  const log: Log = { debug: step, info: step, warn: step, error: step, child: () => log };
  await using service = await openJobService({
    stateDir,
    identity: testWorker,
    allow: [testSubmitter.keyid],
    concurrency: 1,
    limits: { wallMs: 60_000, memoryBytes: 1 << 30, outputBytes: 16 << 20 },
    run: runWith(step),
  }, systemDeps({ log }));
  const files = { "in.txt": digestOf(file) };
  const specs = [plainJob(1, { expires_at }), plainJob(2, { files, expires_at })];
  const never = plainJob(3, { args: ["never"], expires_at });
  const statuses: JobStatus[] = [];
  for (const spec of specs) {
    const { job_id: id } = await service.submit(spec);
    await feed(service, id);
    statuses.push((await service.wait(id, { signal }))!);
  }
  const { job_id: cancelled } = await service.submit(never);
  await service.cancel(sealJobCancel(cancelled, testSubmitter));
  statuses.push((await service.wait(cancelled, { signal }))!);
  const output: string[] = [];
  for (const { job_id: id } of statuses) {
    const stdout = service.output(id, "stdout")!;
    output.push(new TextDecoder().decode(await stdout.read(0, stdout.size)));
  }
  const receipts = statuses.map(({ job_id: id }) => service.receipt(id)?.toBase64());
  return { statuses, receipts, output, steps };
}

/** Sends what a job misses. */
async function feed(service: JobService, job: string): Promise<void> {
  for (const digest of service.status(job)!.missing) {
    if (digest === digestOf(moduleBytes)) {
      await service.put(digest, moduleBytes.length, bodyOf(moduleBytes), { signal, job });
      continue;
    }
    const size = file.length;
    let { have } = await service.progress(digest, { job });
    while (have < size) {
      const end = Math.min(have + 10, size);
      const part = file.subarray(have, end);
      have = (await service.putRange(digest, { start: have, size }, part, { signal, job })).have;
    }
  }
}

/** Writes what is in the job's file; a job that is told so never ends by itself. */
function runWith(step: () => void): RunJob {
  return async (job, { write }, { signal }) => {
    write("stdout", new TextEncoder().encode("it read: "));
    step();
    for (const bytes of job.files.values()) write("stdout", bytes);
    if (job.args.includes("never")) {
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      return { completion: "cancelled", exitCode: 130 };
    }
    return { completion: "exit", exitCode: 5 };
  };
}

if (import.meta.main) {
  const [stateDir, expires, dieAt] = Deno.args;
  const report = await runCrashScenario(stateDir!, expires!, Number(dieAt));
  console.log(JSON.stringify(report));
}
