import { deepEqual, equal, rejects } from "node:assert/strict";
import { readdir, utimes } from "node:fs/promises";
import { openJobSpec } from "../../src/formats/job_spec.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { jobClientLimits } from "../../src/lib/limits.ts";
import { memoryMeter } from "../../src/lib/meter.ts";
import { recallJob, recallJobs, rememberJob } from "../../src/node/job_client.ts";
import { writeFiles } from "../support/artifacts.ts";
import { signedJob } from "../support/jobs.ts";
import { tempDirectory } from "../support/temp.ts";

const deps = systemDeps({ meter: memoryMeter() });
const spec = signedJob();
const { id } = openJobSpec(spec);
const origin = "http://127.0.0.1:8080";

Deno.test("a job is recalled as it was remembered, by its id with and without a prefix", async () => {
  await using directory = await tempDirectory();
  equal(await rememberJob(spec, origin, id, directory.path), true);
  for (const name of [id, id.slice("sha256:".length)]) {
    const recalled = await recallJob(name, deps, directory.path);
    deepEqual([recalled.origin, recalled.bytes, recalled.job.id], [origin, spec, id]);
  }
  await rejects(recallJob("../key", deps, directory.path), { code: "usage" });
});

Deno.test("the oldest jobs are forgotten where there are too many", async () => {
  await using directory = await tempDirectory();
  const max = jobClientLimits.remembered;
  const name = (n: number) => `submitted-jobs/${n.toString(16).padStart(64, "0")}.json`;
  await writeFiles(
    directory.path,
    Object.fromEntries(Array.from({ length: max + 1 }, (_, n) => [name(n), "{}"])),
  );
  for (let n = 0; n <= max; n++) await utimes(directory.join(name(n)), 1000 + n, 1000 + n);
  await rememberJob(spec, origin, id, directory.path);
  const kept = new Set(await readdir(directory.join("submitted-jobs")));
  equal(kept.size, max);
  const there = (n: number) => kept.has(name(n).slice("submitted-jobs/".length));
  deepEqual([0, 1, 2, max].map(there), [false, false, true, true]);
});

Deno.test("a record that can't be read is named, and the others are listed", async () => {
  await using directory = await tempDirectory();
  await rememberJob(spec, origin, id, directory.path);
  await writeFiles(directory.path, { [`submitted-jobs/${"0".repeat(64)}.json`]: "no JSON" });
  const broken: string[] = [];
  const stateDir = directory.path;
  const jobs = await recallJobs(deps, { stateDir, onBroken: ({ code }) => broken.push(code) });
  deepEqual([jobs.map(({ job }) => job.id), broken], [[id], ["config"]]);
});

// Nobody, root neither, makes directories in there.
const sealed = "/sys/plasmd";
Deno.test("where no state can be kept, that is said", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  equal(await rememberJob(spec, origin, id, sealed), false);
});
