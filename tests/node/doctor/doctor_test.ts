import assert from "node:assert/strict";
import { systemDeps } from "../../../src/lib/deps.ts";
import { examine } from "../../../src/node/doctor/doctor.ts";
import { ok, warning, wrong } from "../../../src/node/doctor/finding.ts";

const { signal } = new AbortController();

Deno.test("the worst line decides", async () => {
  const good = { name: "a", run: () => ok("fine") };
  const half = { name: "b", run: () => warning("half", "do it") };
  const bad = { name: "c", run: () => Promise.resolve(wrong("bad", "mend it")) };
  const status = async (...checks: Parameters<typeof examine>[0]) =>
    (await examine(checks, { signal }, systemDeps())).status;
  assert.equal(await status(good), "ok");
  assert.equal(await status(half, good), "warning");
  assert.equal(await status(bad, half, good), "wrong");
});

Deno.test("a check that breaks is wrong, and the others still run", async () => {
  const broken = {
    name: "a",
    run() {
      throw new Error("no /proc");
    },
  };
  const checks = [broken, { name: "b", run: () => ok("fine") }];
  const report = await examine(checks, { signal }, systemDeps());
  assert.deepEqual(report.checks.map(({ name, status }) => [name, status]), [
    ["a", "wrong"],
    ["b", "ok"],
  ]);
  assert.equal(report.checks[0]!.found, "the check itself failed: no /proc");
});

Deno.test("it ends when it is stopped", async () => {
  const stop = new AbortController();
  const checks = [{ name: "a", run: () => (stop.abort(new Error("stopped")), ok("fine")) }];
  await assert.rejects(examine(checks, { signal: stop.signal }, systemDeps()), {
    message: "stopped",
  });
});
