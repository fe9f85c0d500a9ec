import assert from "node:assert/strict";
import { systemClock } from "../../../src/lib/clock.ts";
import { systemDeps } from "../../../src/lib/deps.ts";
import { selftest } from "../../../src/node/selftest/selftest.ts";
import { fakeClock } from "../../support/clock.ts";
import { tempDirectory } from "../../support/temp.ts";

const { signal } = new AbortController();

Deno.test("a healthy machine passes every check, and nothing is left behind", async () => {
  await using place = await tempDirectory();
  const report = await selftest({ directory: place.path, signal }, systemDeps());
  for (const { name, passed, detail } of report.checks) assert.ok(passed, `${name}: ${detail}`);
  assert.equal(report.passed, true);
  assert.deepEqual(report.checks.map(({ name }) => name), [
    "hash",
    "signature",
    "files",
    "memory",
    "clock",
    "worker",
    "serve and fetch",
  ]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(place.path)), []);
});

Deno.test("a clock that was never set fails its check, and the others still run", async () => {
  await using place = await tempDirectory();
  const clock = { ...systemClock, now: fakeClock("1970-01-01T00:00:10Z").now };
  const report = await selftest({ directory: place.path, signal }, systemDeps({ clock }));
  assert.equal(report.passed, false);
  const failed = report.checks.filter(({ passed }) => !passed);
  assert.deepEqual(failed.map(({ name }) => name), ["clock"]);
  assert.match(failed[0]!.detail, /1970-01-01T00:00:10Z: the clock was not set/);
});

Deno.test("randomness that fails is reported by the checks that need it", async () => {
  await using place = await tempDirectory();
  const random = {
    bytes() {
      throw new Error("the generator is not ready");
    },
  };
  const { checks } = await selftest({ directory: place.path, signal }, systemDeps({ random }));
  const failed = checks.filter(({ passed }) => !passed);
  assert.deepEqual(failed.map(({ name }) => name), ["worker", "serve and fetch"]);
  for (const { detail } of failed) assert.equal(detail, "the generator is not ready");
});

Deno.test("a directory that can't be written is named with what to do", async () => {
  await using place = await tempDirectory();
  await assert.rejects(
    selftest({ directory: place.join("missing"), signal }, systemDeps()),
    {
      code: "io",
      message: /^Cannot write a file to test with: .*missing/,
      hint: /--directory DIR/,
    },
  );
});

Deno.test("a self-test that is stopped leaves nothing behind", async () => {
  await using place = await tempDirectory();
  const stopped = AbortSignal.abort(new Error("stopped"));
  await assert.rejects(selftest({ directory: place.path, signal: stopped }, systemDeps()), {
    message: "stopped",
  });
  assert.deepEqual(await Array.fromAsync(Deno.readDir(place.path)), []);
});
