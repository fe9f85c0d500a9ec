import assert from "node:assert/strict";
import { systemClock } from "../../src/lib/clock.ts";
import { withLock } from "../../src/trust/lock.ts";
import { tempDirectory } from "../support/temp.ts";

/** A clock on which waiting takes no time. */
function hurriedClock() {
  let steady = 0;
  return {
    now: () => 0,
    steady: () => steady,
    sleep: (ms: number) => {
      steady += ms;
      return Promise.resolve();
    },
  };
}

Deno.test("only one at a time does its work under a lock", async () => {
  await using directory = await tempDirectory();
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 5 }, () =>
      withLock(directory.join("lock"), systemClock, async () => {
        most = Math.max(most, ++inside);
        await Deno.stat(directory.path);
        inside--;
      })),
  );
  assert.equal(most, 1);
});

Deno.test("a lock ends with its holder, also when the work fails", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("lock");
  const failing = withLock(path, systemClock, () => Promise.reject(new Error("failed")));
  await assert.rejects(failing, /failed/);
  assert.equal(await withLock(path, systemClock, () => Promise.resolve("done")), "done");
});

Deno.test("a lock that somebody holds for too long is given up", async () => {
  await using directory = await tempDirectory();
  const path = directory.join("lock");
  using held = await Deno.open(path, { create: true, write: true });
  await held.lock(true);
  const work = () => Promise.reject(new Error("must not run"));
  await assert.rejects(withLock(path, hurriedClock(), work), {
    code: "busy",
    message: /another process holds it/,
  });
});
