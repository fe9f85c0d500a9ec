import assert from "node:assert/strict";
import { componentOf } from "../support/components.ts";
import { workerHome } from "../support/job_worker.ts";

Deno.test("a worker runs components for others, keeps them ready, and says what ran", async () => {
  await using home = await workerHome();
  await using worker = await home.start();
  const module = await componentOf({
    data: "hello\n",
    run: "(call $print (i32.const 1024) (i32.const 6)) (call $exit (i32.const 33)) (i32.const 0)",
  });
  for (const which of ["made ready", "kept ready"]) {
    const job = await worker.send(module);
    const { exit_code, problem } = await job.ended();
    assert.deepEqual([exit_code, problem], [33, null], which);
    assert.equal(await job.output(), "hello\n");
    const { runtime, exit_code: signed } = await job.receipt();
    assert.deepEqual([runtime, signed], ["v8-wasi-0.2", 33]);
  }
  const kept = await keptIn(home.path);
  assert.equal(kept.length, 1, kept.join(" "));
  const { state, problem } = await worker.run(module.subarray(0, 200));
  assert.deepEqual([state, problem?.code], ["refused", "module"]);
});

/** The components that are kept somewhere below a directory. */
async function keptIn(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) found.push(...await keptIn(path));
    else if (directory.endsWith("/components")) found.push(path);
  }
  return found;
}
