import { deepEqual, equal, rejects } from "node:assert/strict";
import { truncate } from "node:fs/promises";
import { jobLimits } from "../../src/lib/limits.ts";
import { type JobWish, readJob } from "../../src/node/job_input.ts";
import { writeFiles } from "../support/artifacts.ts";
import { type TempDirectory, tempDirectory } from "../support/temp.ts";

const wish = (directory: TempDirectory, changes: Partial<JobWish> = {}): JobWish => ({
  module: directory.join("m.wasm"),
  args: ["a"],
  env: [["K", "v"]],
  files: [],
  deterministic: false,
  ...changes,
});

async function place(): Promise<TempDirectory> {
  const directory = await tempDirectory();
  await writeFiles(directory.path, { "m.wasm": "module", "in.txt": "input" });
  return directory;
}

Deno.test("a job gets its files' bytes, and the usual limits where none are said", async () => {
  await using directory = await place();
  const input = directory.join("in.txt");
  const text = (bytes?: Uint8Array) => new TextDecoder().decode(bytes);
  const job = await readJob(wish(directory, { stdin: input, files: [["data/x", input]] }));
  deepEqual([text(job.module), text(job.stdin), text(job.files.get("data/x"))], [
    ...["module", "input", "input"],
  ]);
  deepEqual(job.limits, {
    wallMs: jobLimits.wallDefaultMs,
    memoryBytes: jobLimits.memoryDefaultBytes,
    outputBytes: jobLimits.outputDefaultBytes,
  });
  equal((await readJob(wish(directory, { wallMs: 5 }))).limits.wallMs, 5);
  equal((await readJob(wish(directory))).stdin.length, 0);
});

Deno.test("what can't be read, is too large or has a wrong name is refused by its kind", async () => {
  await using directory = await place();
  const gone = directory.join("gone");
  await rejects(readJob(wish(directory, { module: gone })), { code: "io" });
  await rejects(readJob(wish(directory, { stdin: gone })), { code: "io" });
  const named: JobWish["files"] = [["../x", directory.join("in.txt")]];
  await rejects(readJob(wish(directory, { files: named })), { code: "usage" });
  await truncate(directory.join("m.wasm"), jobLimits.moduleBytes + 1);
  await rejects(readJob(wish(directory)), { code: "module" });
});
