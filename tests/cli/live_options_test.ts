import assert from "node:assert/strict";
import { liveOptions } from "../../src/cli/live_options.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { jobLimits } from "../../src/lib/limits.ts";
import { fakeClock } from "../support/clock.ts";
import { testIdentity } from "../support/manifests.ts";

const clock = fakeClock();
const choice = { artifacts: "./artifacts", quickStart: false };

/** The job part of what flags and variables add up to. */
async function jobsOf(flags: Record<string, unknown>, env: Record<string, string> = {}) {
  const config = resolveConfig({ flags, env: (name) => env[name] });
  return (await liveOptions(config, choice, { clock })).jobs;
}

Deno.test("no jobs are run unless they are switched on", async () => {
  assert.equal(await jobsOf({}), undefined);
  assert.equal(await jobsOf({ jobAllow: [testIdentity(1).keyid] }), undefined);
  assert.equal(await jobsOf({ jobs: false }, { PLASMD_JOBS: "true" }), undefined);
});

Deno.test("switched on, they are run for nobody but those who are named", async () => {
  const limits = {
    wallMs: jobLimits.wallDefaultMs,
    memoryBytes: jobLimits.memoryDefaultBytes,
    outputBytes: jobLimits.outputDefaultBytes,
  };
  assert.deepEqual(await jobsOf({ jobs: true }), { allow: [], concurrency: 2, limits });
  const keys = [testIdentity(1).keyid, testIdentity(2).keyid];
  assert.deepEqual((await jobsOf({ jobs: true, jobAllow: keys }))!.allow, keys);
  const env = { PLASMD_JOBS: "true", PLASMD_JOBS_ALLOW: keys.join(" "), PLASMD_JOBS_WALL: "2m" };
  const jobs = (await jobsOf({}, env))!;
  assert.deepEqual([jobs.allow, jobs.limits.wallMs], [keys, 120_000]);
  await assert.rejects(jobsOf({ jobs: true, jobAllow: ["ed25519:00"] }), {
    code: "config",
    message: /--job-allow: .*Expected a keyid/,
  });
});
