import assert from "node:assert/strict";
import { lockDirectory, waitForLock } from "../../src/lib/lock.ts";
import { fakeClock } from "../support/clock.ts";
import { tempDirectory } from "../support/temp.ts";

const options = { name: "daemon.lock", hint: "stop the other one" };

Deno.test("a locked directory can't be locked again until it is released", async () => {
  await using directory = await tempDirectory();
  const first = await lockDirectory(directory.path, options);
  assert.ok(first);
  await assert.rejects(lockDirectory(directory.path, options), {
    code: "busy",
    hint: "stop the other one",
  });
  first[Symbol.dispose]();
  using again = await lockDirectory(directory.path, options);
  assert.ok(again);
});

Deno.test("waiting for a lock gets it when it is released", async () => {
  await using directory = await tempDirectory();
  const clock = fakeClock();
  const first = await lockDirectory(directory.path, options);
  const waiting = waitForLock(directory.path, { ...options, waitMs: 1000 }, {
    ...clock,
    sleep() {
      first?.[Symbol.dispose]();
      return Promise.resolve();
    },
  });
  using second = await waiting;
  assert.ok(second);
});

Deno.test("waiting for a lock ends after its time", async () => {
  await using directory = await tempDirectory();
  using _first = await lockDirectory(directory.path, options);
  const clock = fakeClock();
  const waiting = waitForLock(directory.path, { ...options, waitMs: 100 }, {
    ...clock,
    sleep(ms) {
      clock.advance(ms);
      return Promise.resolve();
    },
  });
  await assert.rejects(waiting, { code: "busy" });
});

Deno.test("a directory that isn't there is an error, not a free lock", async () => {
  await using directory = await tempDirectory();
  await assert.rejects(lockDirectory(directory.join("no"), options), { code: "io" });
});
