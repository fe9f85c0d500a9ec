import assert from "node:assert/strict";
import { attend } from "../../src/artifacts/attend.ts";
import type { OpenCatalog } from "../../src/artifacts/catalog.ts";
import { openDirectoryWatch } from "../../src/artifacts/watch.ts";
import { sha256Hex } from "../../src/lib/bytes.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { watchLimits } from "../../src/lib/limits.ts";
import { catalogPlace, replaceFiles, ticking, writeFiles } from "../support/artifacts.ts";
import { fakeClock } from "../support/clock.ts";
import { memoryLog } from "../support/memory_log.ts";
import { tempDirectory } from "../support/temp.ts";

/** Resolves at the next change of a kind. */
function nextChange(catalog: OpenCatalog, kind: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listening = catalog.onChange((change) => {
    if (change.kind !== kind) return;
    listening[Symbol.dispose]();
    resolve();
  });
  return promise;
}

Deno.test("a catalog that watches serves a new file by itself, and closes", async () => {
  await using place = await catalogPlace({ "stable/arm64/kernel": "old" });
  const { clock: _, ...real } = place.deps;
  const options = { watch: true, settleMs: 1 };
  await using catalog = await place.open(options, systemDeps(real));
  const changed = nextChange(catalog, "published");
  await replaceFiles(place.artifacts, { "stable/arm64/kernel": "new" });
  await changed;
  assert.ok(catalog.blob(sha256Hex(new TextEncoder().encode("new"))));
  const appeared = nextChange(catalog, "published");
  await writeFiles(place.artifacts, { "testing/arm64/kernel": "other" });
  await appeared;
  assert.equal(catalog.list().length, 2);
  const vanished = nextChange(catalog, "withdrawn");
  await Deno.remove(`${place.artifacts}/testing`, { recursive: true });
  await vanished;
  assert.equal(catalog.list().length, 1);
});

Deno.test("a directory that is replaced as a whole is followed on", async () => {
  await using place = await catalogPlace({ kernel: "old" });
  await using catalog = await place.open({ watch: true });
  for (const content of ["new", "newer still"]) {
    const changed = nextChange(catalog, "published");
    await writeFiles(`${place.artifacts}.${content.length}`, { kernel: content });
    await Deno.rename(place.artifacts, `${place.artifacts}.before-${content.length}`);
    await Deno.rename(`${place.artifacts}.${content.length}`, place.artifacts);
    await ticking(changed, place.clock);
    assert.ok(catalog.blob(sha256Hex(new TextEncoder().encode(content))));
  }
});

Deno.test("a watch tells of changes in its directories, also when one is replaced", async () => {
  await using directory = await tempDirectory();
  await writeFiles(directory.path, { "a/file": "1", "b/file": "1" });
  const log = memoryLog();
  let changed = Promise.withResolvers<void>();
  await using watch = openDirectoryWatch(() => changed.resolve(), { log });
  const directories = [directory.join("a"), directory.join("b")];
  assert.equal(await watch.watch(directories), true);
  assert.equal(await watch.watch(directories), false);
  for (const name of ["a", "b"]) {
    await writeFiles(directory.path, { [`${name}/file`]: "2" });
    await changed.promise;
    changed = Promise.withResolvers<void>();
  }
  await Deno.rename(directory.join("a"), directory.join("c"));
  await Deno.mkdir(directory.join("a"));
  assert.equal(await watch.watch(directories), true);
  changed = Promise.withResolvers<void>();
  await writeFiles(directory.path, { "a/file": "3" });
  await changed.promise;
  assert.deepEqual(log.records, []);
});

Deno.test("a directory that can't be watched is told once, and no failure", async () => {
  await using directory = await tempDirectory();
  const log = memoryLog();
  await using watch = openDirectoryWatch(() => {}, { log });
  assert.equal(await watch.watch([directory.join("missing")]), true);
  assert.equal(await watch.watch([directory.join("missing")]), false);
  assert.equal(await watch.watch([directory.join("missing too")]), true);
  assert.equal(log.warnings().length, 1);
});

Deno.test("steps are taken at the times that they ask for, and after a failure, too", async () => {
  const clock = fakeClock();
  const log = memoryLog();
  const times: number[] = [];
  const waits = [7, 11, "fails", 13] as const;
  const all = Promise.withResolvers<void>();
  await using _running = attend({
    directories: () => [],
    step() {
      const wait = waits[times.length];
      times.push(clock.steady());
      if (wait === undefined) all.resolve();
      if (wait === "fails") return Promise.reject(new Error("no"));
      return Promise.resolve(wait ?? 1_000_000);
    },
  }, systemDeps({ clock, log }));
  await ticking(all.promise, clock);
  // The first step sets the watch up, which is followed by another one soon.
  const expected = [0, watchLimits.debounceMs];
  expected.push(expected[1]! + 11);
  expected.push(expected[2]! + watchLimits.rescanMs);
  expected.push(expected[3]! + 13);
  const late = times.map((time, i) => time - expected[i]!);
  assert.deepEqual(times.length, 5);
  for (const [i, ms] of late.entries()) {
    assert.ok(ms >= 0 && ms < watchLimits.rescanMs, `step ${i} at ${times[i]}`);
  }
  assert.equal(log.records.filter(({ level }) => level === "error").length, 1);
});
