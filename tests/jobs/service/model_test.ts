import assert from "node:assert/strict";
import fc from "fast-check";
import * as fs from "node:fs/promises";
import { sealJobCancel } from "../../../src/formats/job_cancel.ts";
import { openReceipt } from "../../../src/formats/receipt.ts";
import { isFinal, type JobStatus } from "../../../src/jobs/service/types.ts";
import { PlasmdError } from "../../../src/lib/errors.ts";
import { testSubmitter, testWorker } from "../../support/jobs.ts";
import {
  type AskedRun,
  moduleBytes,
  otherSubmitter,
  plainJob,
  send,
  type TestService,
  testService,
} from "../../support/job_service.ts";

/** What somebody does; numbers choose a job or a run. */
type Step = readonly [
  "submit" | "send" | "finish" | "fail" | "refuse" | "cancel" | "restart" | "pass",
  number,
];

const submitters = [testSubmitter, otherSubmitter];
const concurrency = 2;

/** What is known of the jobs, and must stay so. */
interface Seen {
  readonly ids: string[];
  readonly ended: Map<string, { readonly status: JobStatus; readonly receipt?: string }>;
  readonly runs: AskedRun[];
}

async function take(test: TestService, seen: Seen, [what, number]: Step): Promise<void> {
  const { service } = test;
  while (test.runner.waiting > 0) seen.runs.push(await test.runner.next());
  const id = seen.ids[number % Math.max(1, seen.ids.length)];
  const identity = submitters[number % 2]!;
  if (what === "submit") {
    const { job_id, missing } = await service.submit(plainJob(number, {}, identity));
    if (!seen.ids.includes(job_id)) seen.ids.push(job_id);
    if (missing.length > 0 && number > 2) await send(service, job_id, moduleBytes);
  } else if (what === "send" && id !== undefined) {
    // Whatever its state is: it is taken, or refused with a reason.
    await send(service, id, moduleBytes).catch((thrown) => assert.equal(thrown.code, "not_found"));
  } else if (what === "cancel" && id !== undefined) {
    // One of the two is a stranger.
    await service.cancel(sealJobCancel(id, identity)).catch((thrown) => {
      assert.equal(thrown.code, "forbidden");
    });
  } else if (what === "restart") {
    seen.runs.length = 0;
    await test.restart();
  } else if (what === "pass") await test.pass(number * 500_000);
  else await endRun(test, seen.runs.splice(number % Math.max(1, seen.runs.length), 1)[0], what);
}

/** Ends a run in one way, and waits until the service has taken note of it. */
async function endRun(test: TestService, run: AskedRun | undefined, what: string): Promise<void> {
  if (run === undefined || run.signal.aborted) return;
  const before = test.service.report();
  run.write("stdout", new TextEncoder().encode(what));
  if (what === "finish") run.finish();
  else run.fail(new PlasmdError(what === "refuse" ? "module" : "failed", "as the test wants"));
  const changed = () => {
    const { ended, queued, running } = test.service.report();
    return JSON.stringify([ended, queued, running]) !==
        JSON.stringify([before.ended, before.queued, before.running]) ||
      test.runner.waiting > 0;
  };
  while (!changed()) await new Promise((resolve) => setTimeout(resolve));
}

/** What holds after every step. */
function check({ service }: TestService, { ids, ended }: Seen): void {
  const running = ids.filter((id) => service.status(id)!.state === "running");
  assert.ok(running.length <= concurrency, "no more run than may");
  const queued = ids.filter((id) => service.status(id)!.state === "queued");
  assert.equal(new Set(queued.map((id) => service.status(id)!.position)).size, queued.length);
  if (queued.length > 0) assert.equal(service.report().running, concurrency, "no place is free");
  for (const id of ids) {
    const status = service.status(id)!;
    const receipt = service.receipt(id)?.toBase64();
    assert.equal(receipt !== undefined, status.state === "done", "a receipt is for what is done");
    const before = ended.get(id);
    if (before !== undefined) assert.deepEqual({ status, receipt }, before, "an end is for ever");
    else if (isFinal(status.state)) ended.set(id, { status, receipt });
  }
}

Deno.test("whatever happens in whatever order, a job ends once and for ever", async () => {
  const kinds: [Step[0], number][] = [
    ["submit", 8],
    ["send", 2],
    ["finish", 6],
    ["fail", 6],
    ["refuse", 2],
    ["cancel", 2],
    ["restart", 2],
    ["pass", 1],
  ];
  const kind = fc.oneof(
    ...kinds.map(([what, weight]) => ({ weight, arbitrary: fc.constant(what) })),
  );
  const steps = fc.array(fc.tuple(kind, fc.nat(9)), { minLength: 30, maxLength: 60, size: "max" });
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      await using test = await testService({ concurrency });
      const seen: Seen = { ids: [], ended: new Map(), runs: [] };
      for (const one of steps) {
        await take(test, seen, one).catch((thrown) => {
          // Time passes, and then the jobs of this test have expired.
          assert.equal(thrown.code, "expired");
        });
        check(test, seen);
      }
      await test.restart(); // what was on its way to its end has arrived
      check(test, seen);
      const kept = [...seen.ended.values()].filter(({ status }) => status.stdout.size > 0);
      const files = await fs.readdir(`${test.stateDir}/jobs/output`);
      assert.equal(files.length, kept.length, "output is of what is done, and of nothing else");
      for (const { receipt } of seen.ended.values()) {
        if (receipt === undefined) continue;
        openReceipt(Uint8Array.fromBase64(receipt), { worker: testWorker.keyid });
      }
    }),
    { numRuns: 40 },
  );
});
