import assert from "node:assert/strict";
import { parseJobPath } from "../../src/jobs/job.ts";
import { residentOf } from "../../src/jobs/resident.ts";
import { runModule } from "../../src/jobs/run_module.ts";
import { hello, hostile } from "../support/job_modules.ts";

function run(bytes: Uint8Array<ArrayBuffer>, outputBytes = 1000) {
  let out = "";
  const outcome = runModule(new WebAssembly.Module(bytes), {
    args: [],
    env: [],
    stdin: new Uint8Array(),
    files: new Map(),
    limits: { wallMs: 1000, memoryBytes: 1 << 20, outputBytes },
    deterministic: true,
  }, (_stream, bytes) => void (out += new TextDecoder().decode(bytes)));
  return { ...outcome, out };
}

Deno.test("a module ends with its own code, cut to eight bits like a process's", () => {
  assert.deepEqual(run(hello("a", 7)), { completion: "exit", exitCode: 7, out: "a" });
  assert.equal(run(hello("", 300)).exitCode, 44);
});

Deno.test("output ends exactly at its limit", () => {
  const { completion, out } = run(hostile.flood, 2500);
  assert.deepEqual([completion, out.length], ["output", 2500]);
});

Deno.test("a trap says why", () => {
  assert.match(run(hostile.trap).reason!, /unreachable/);
});

Deno.test("names of files stay below a job's root", () => {
  for (const good of ["a", "a/b.txt", "..a"]) assert.equal(parseJobPath(good), good);
  for (const bad of ["", "/a", "a/", "a//b", "../a", "a/../b", ".", "a\0b", "x".repeat(2000)]) {
    assert.throws(() => parseJobPath(bad), { code: "usage" }, bad);
  }
});

Deno.test("memory is read as the system writes it", () => {
  assert.equal(residentOf("Name:\tx\nVmRSS:\t    1234 kB\nThreads: 1\n"), 1234 * 1024);
  assert.equal(residentOf(""), undefined);
});
