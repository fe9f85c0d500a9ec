import assert from "node:assert/strict";
import { openReceipt } from "../../../src/formats/receipt.ts";
import { type EndingParts, makeEndings, noOutput } from "../../../src/jobs/service/endings.ts";
import { makeNotices } from "../../../src/jobs/service/notices.ts";
import type { JobEnd, JobProblem, StoredJob } from "../../../src/jobs/service/store.ts";
import { systemDeps } from "../../../src/lib/deps.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { jobServiceLimits } from "../../../src/lib/limits.ts";
import { memoryMeter } from "../../../src/lib/meter.ts";
import { fakeClock } from "../../support/clock.ts";
import { digestOf, testSubmitter, testWorker } from "../../support/jobs.ts";
import { madeAt } from "../../support/manifests.ts";

const job: StoredJob = {
  id: digestOf("a job"),
  submitter: testSubmitter.keyid,
  state: "running",
  attempts: 1,
  cancelled: false,
  expiresAt: madeAt + 3_600_000,
  submittedAt: madeAt,
  startedAt: madeAt + 1000,
  stdoutSize: 0,
  stderrSize: 0,
};
const ran = {
  outcome: { completion: "exit", exitCode: 0 },
  streams: noOutput,
  runtime: "v8-wasi-0.1",
  module: digestOf("a module"),
} as const;

/** Endings whose store fails as long as the test wants. */
function setUp() {
  const written: { end?: JobEnd; problem?: JobProblem; state?: string }[] = [];
  const disk = { full: false };
  const check = () => {
    if (disk.full) throw new PlasmdError("no_space", "database or disk is full");
  };
  const kept: number[] = [];
  const clock = fakeClock(madeAt);
  const meter = memoryMeter();
  const parts = {
    store: {
      finish: (_id: string, end: JobEnd) => (check(), written.push({ end }) === 1),
      fail: (_id: string, state: string, problem: JobProblem) => (
        check(), written.push({ state, problem }) === 1
      ),
    },
    kept: { add: (_submitter: string, bytes: number) => void kept.push(bytes) },
    notices: makeNotices(),
    identity: testWorker,
  } as unknown as EndingParts;
  return {
    endings: makeEndings(parts, systemDeps({ clock, meter })),
    written,
    disk,
    kept,
    clock,
    meter,
  };
}

Deno.test("an end that can't be written is written as soon as it can, once", () => {
  const { endings, written, disk, kept } = setUp();
  disk.full = true;
  endings.fail(job, "lost", { code: "no_space", detail: "why" });
  endings.retry();
  assert.deepEqual([written.length, kept.length, endings.counts.lost], [0, 0, 0]);
  disk.full = false;
  endings.retry();
  endings.retry();
  assert.deepEqual(written, [{ state: "lost", problem: { code: "no_space", detail: "why" } }]);
  assert.deepEqual([kept, endings.counts.lost], [[0], 1]);
});

Deno.test("a receipt that can't be written is no end: whoever asked for it is told", () => {
  const { endings, written, disk } = setUp();
  disk.full = true;
  assert.throws(() => endings.done(job, ran), { code: "no_space" });
  endings.retry();
  assert.deepEqual([written.length, endings.counts.done], [0, 0]);
});

Deno.test("a job doesn't end before it started, whatever the clock says", () => {
  const { endings, written, clock, meter } = setUp();
  clock.set(madeAt - 60_000);
  endings.done(job, ran);
  const receipt = openReceipt(written[0]!.end!.receipt, { worker: testWorker.keyid });
  assert.equal(receipt.started_at, "2025-11-26T12:00:01Z");
  assert.equal(receipt.completed_at, receipt.started_at);
  assert.equal(meter.read()['plasmd_jobs_ended_total{state="done"}'], 1);
});

Deno.test("what is said about a job is cut, and can't write to a terminal", () => {
  const { endings, written } = setUp();
  endings.fail(job, "refused", { code: "module", detail: `\u001b[2J${"x".repeat(1000)}` });
  const { detail } = written[0]!.problem!;
  assert.match(detail, /^\\u\{1b\}\[2Jx+\.\.\.$/);
  assert.ok(detail.length < jobServiceLimits.problemChars + 20);
});

Deno.test("a job ends once: a later end is none", () => {
  const { endings, kept } = setUp();
  endings.done(job, ran);
  endings.fail(job, "lost", { code: "failed", detail: "why" });
  assert.deepEqual([kept.length, endings.counts.done, endings.counts.lost], [1, 1, 0]);
});
