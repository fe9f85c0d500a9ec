import assert from "node:assert/strict";
import { runtimeOf } from "../../../src/jobs/service/job_input.ts";
import { ownRuntimes } from "../../../src/jobs/runtimes.ts";
import { hello } from "../../support/job_modules.ts";
import { component } from "../../support/wasm.ts";

Deno.test("what ran a job is said by its module, and is one of what is advertised", () => {
  const named = [hello("x", 0), component()].map(runtimeOf);
  assert.deepEqual(named, ["v8-wasi-0.1", "v8-wasi-0.2"]);
  assert.deepEqual(ownRuntimes, ["wasm", ...named]);
});
