import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { openReceipt } from "../../../src/formats/receipt.ts";
import { formatTime } from "../../../src/formats/time.ts";
import { testWorker } from "../../support/jobs.ts";
import { type CrashReport, runCrashScenario } from "../../support/job_crash_program.ts";
import { tempDirectory } from "../../support/temp.ts";
import { projectRoot } from "../../support/vectors.ts";

const program = new URL("../../support/job_crash_program.ts", import.meta.url).pathname;
const expires = formatTime(Date.now() + 3_600_000);

/** Runs the program until it kills itself at a step; whether it did. */
async function diesAt(step: number, stateDir: string): Promise<boolean> {
  const { code, signal, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", program, stateDir, expires, String(step)],
    cwd: projectRoot,
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(code === 0 || signal === "SIGKILL", new TextDecoder().decode(stderr));
  return signal === "SIGKILL";
}

function check({ statuses, receipts, output }: CrashReport, step: number): void {
  const ends = statuses.map(({ state, completion, exit_code }) => [state, completion, exit_code]);
  assert.deepEqual(ends, [
    ["done", "exit", 5],
    ["done", "exit", 5],
    ["done", "cancelled", 130],
  ], `killed at step ${step}`);
  assert.deepEqual(output.slice(0, 2), ["it read: ", "it read: a file in two parts"]);
  receipts.forEach((receipt, i) => {
    const { job_id: id, stdout } = openReceipt(Uint8Array.fromBase64(receipt!), {
      worker: testWorker.keyid,
    });
    assert.deepEqual([id, stdout.size], [statuses[i]!.job_id, statuses[i]!.stdout.size]);
  });
}

/** Kills it at a step, goes on, and looks again: the same receipts, and no file too many. */
async function killAndGoOn(step: number): Promise<boolean> {
  await using directory = await tempDirectory();
  if (!await diesAt(step, directory.path)) return false;
  const report = await runCrashScenario(directory.path, expires, 0);
  check(report, step);
  const again = await runCrashScenario(directory.path, expires, 0);
  assert.deepEqual([again.statuses, again.receipts], [report.statuses, report.receipts]);
  const outputs = await fs.readdir(directory.join("jobs/output"));
  const written = report.statuses.filter(({ stdout }) => stdout.size > 0);
  assert.equal(outputs.length, written.length, `killed at step ${step}: ${outputs}`);
  assert.deepEqual(await fs.readdir(directory.join("jobs/uploads")), []);
  return true;
}

Deno.test("killed at any step, the jobs end once, with one receipt and their whole output", async () => {
  await using directory = await tempDirectory();
  const { steps } = await runCrashScenario(directory.path, expires, 0);
  assert.ok(steps >= 20, `${steps} steps`);
  const all = Array.from({ length: steps }, (_, i) => i + 1);
  const lane = async () => {
    for (let step = all.shift(); step !== undefined; step = all.shift()) {
      assert.equal(await killAndGoOn(step), true, `step ${step} is reached`);
    }
  };
  await Promise.all([lane(), lane(), lane()]);
});
