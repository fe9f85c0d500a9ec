import assert from "node:assert/strict";
import { parseDocument } from "../../src/config/file.ts";
import { jobServiceLimits } from "../../src/lib/limits.ts";
import { testIdentity } from "../support/manifests.ts";
import { projectRoot } from "../support/program.ts";

const page = await Deno.readTextFile(`${projectRoot}docs/worker.md`);

Deno.test("the example of docs/worker.md is a valid provider.toml", () => {
  const example = /```toml\n([\s\S]*?)```/.exec(page)![1]!
    .replace("ed25519:<64 hex digits>", testIdentity(1).keyid);
  const document = parseDocument(new TextEncoder().encode(example), "docs/worker.md");
  assert.deepEqual(JSON.parse(JSON.stringify(document.jobs)), {
    enabled: true,
    allow: [testIdentity(1).keyid],
    concurrency: 2,
    limits: { wall: "60s", memory_bytes: 1 << 30, output_bytes: 16 << 20 },
  });
});

Deno.test("the figures in the words of docs/worker.md are those of the program", () => {
  const hour = 3_600_000;
  assert.match(page, /it waits for an hour at most/);
  assert.equal(jobServiceLimits.waitingMs, hour);
  assert.match(page, /until an\s+hour after its job expires, and after that for a week/);
  assert.deepEqual([jobServiceLimits.graceMs, jobServiceLimits.keptMs], [hour, 7 * 24 * hour]);
  assert.match(page, /the worker failed three times/);
  assert.equal(jobServiceLimits.attempts, 3);
  assert.match(page, /no job has needed for a day/);
  assert.equal(jobServiceLimits.blobIdleMs, 24 * hour);
});
