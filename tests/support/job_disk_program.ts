/**
 * A program that uses the job service on a file system of a few megabytes (TMPDIR) and fills it. It
 * prints what became of its jobs, one line of JSON.
 *
 * @module
 */

import { join } from "node:path";
import { toPlasmdError } from "../../src/lib/errors.ts";
import { digestOf, testSubmitter } from "./jobs.ts";
import { bodyOf, ended, plainJob, submitWhole, testService } from "./job_service.ts";

/** What the program prints. */
export interface DiskReport {
  /** State and problem of a job whose output doesn't fit. */
  readonly large: readonly [string, string | undefined];
  /** State of the small job that comes after it. */
  readonly after: string;
  /** What an upload and a job that come while the disk is full are told. */
  readonly refused: readonly string[];
  /** State and problem of the job that ended while the disk was full. */
  readonly full: readonly [string, string | undefined];
  /** State of a job once there is room again. */
  readonly again: string;
}

if (import.meta.main) console.log(JSON.stringify(await fillDisk()));

async function fillDisk(): Promise<DiskReport> {
  await using test = await testService({ concurrency: 1 });
  const large = await runJob(1, 64 << 20);
  const after = await runJob(2, 100);

  const { service } = test;
  const waiting = await service.submit(plainJob(3, { stdin: digestOf("an input") }));
  const running = await submitWhole(service, plainJob(4));
  const run = await test.runner.next();
  run.write("stdout", new Uint8Array(100_000));
  const wasteland = join(test.stateDir, "full");
  await fill(wasteland);
  const signal = new AbortController().signal;
  const refused = [
    await codeOf(service.put(digestOf("an input"), 8, bodyOf("an input"), {
      signal,
      job: waiting.job_id,
    })),
    await codeOf(service.submit(plainJob(5, { args: ["x".repeat(100_000)] }, testSubmitter))),
  ];
  run.finish();
  await Deno.remove(wasteland);
  await test.pass(10_000);
  const full = await ended(service, running.job_id);
  const again = await runJob(6, 100);
  return {
    large: [large.state, large.problem?.code],
    after: after.state,
    refused,
    full: [full.state, full.problem?.code],
    again: again.state,
  };

  async function runJob(nonce: number, size: number) {
    const { job_id: id } = await submitWhole(test.service, plainJob(nonce));
    const run = await test.runner.next();
    for (let at = 0; at < size; at += 50_000) {
      run.write("stdout", new Uint8Array(Math.min(50_000, size - at)));
    }
    run.finish();
    return await ended(test.service, id);
  }
}

/** Writes until nothing fits any more. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { create: true, write: true });
  for (let size = 1 << 20; size > 0; size >>= 1) {
    try {
      while (true) await file.write(new Uint8Array(size));
    } catch (thrown) {
      if (toPlasmdError(thrown).code !== "no_space") throw thrown;
    }
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "taken";
  } catch (thrown) {
    return toPlasmdError(thrown).code;
  }
}
