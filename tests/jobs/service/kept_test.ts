import assert from "node:assert/strict";
import { makeKept } from "../../../src/jobs/service/kept.ts";
import type { KeptCount, StoredJob } from "../../../src/jobs/service/store.ts";
import { jobServiceLimits as limits } from "../../../src/lib/limits.ts";
import { fakeClock } from "../../support/clock.ts";
import { digestOf } from "../../support/jobs.ts";
import { madeAt } from "../../support/manifests.ts";
import { tempDirectory } from "../../support/temp.ts";

/** Results that a fake store has; `expired` of them may go. */
async function withKept(
  counts: readonly KeptCount[],
  expired: readonly StoredJob[],
  test: (kept: ReturnType<typeof makeKept>, forgotten: string[]) => Promise<void>,
): Promise<void> {
  await using directory = await tempDirectory();
  const forgotten: string[] = [];
  const left = () => expired.filter(({ id }) => !forgotten.includes(id));
  const kept = makeKept(
    {
      kept: () => [...counts],
      expired: ({ expiredBy, submitter, most }) =>
        left().filter((job) => job.expiresAt <= expiredBy)
          .filter((job) => submitter === undefined || job.submitter === submitter).slice(0, most),
      aged: (completedBy, most) =>
        left().filter((job) => job.completedAt! <= completedBy).slice(0, most),
      forget: (ids) => void forgotten.push(...ids),
    },
    directory.path,
    { clock: fakeClock(madeAt) },
  );
  await test(kept, forgotten);
}

function result(name: string, submitter: string, changes: Partial<StoredJob> = {}): StoredJob {
  return {
    id: digestOf(name),
    submitter,
    state: "done",
    attempts: 1,
    cancelled: false,
    expiresAt: madeAt - limits.graceMs,
    submittedAt: madeAt - limits.graceMs,
    completedAt: madeAt - limits.graceMs,
    stdoutSize: 1000,
    stderrSize: 24,
    ...changes,
  };
}

const full = { submitter: "a", jobs: 2, bytes: limits.keptBytesPerSubmitter };

Deno.test("a submitter whose results fill its quota has no room, and others have", () =>
  withKept([full, { submitter: "b", jobs: 1, bytes: 10 }], [], async (kept) => {
    await assert.rejects(kept.makeRoom("a"), { code: "too_many", hint: /shorter validity/ });
    await kept.makeRoom("b");
    await kept.makeRoom("nobody yet");
    assert.deepEqual({ ...kept.all }, { jobs: 3, bytes: limits.keptBytesPerSubmitter + 10 });
  }));

Deno.test("an expired result makes room, and is counted no more", () =>
  withKept([full], [result("old", "a"), result("other", "b")], async (kept, forgotten) => {
    await kept.makeRoom("a");
    assert.deepEqual(forgotten, [digestOf("old")]);
    assert.deepEqual({ ...kept.all }, { jobs: 1, bytes: limits.keptBytesPerSubmitter - 1024 });
    kept.add("a", 1024);
    await assert.rejects(kept.makeRoom("a"), { code: "too_many" });
  }));

Deno.test("a result that expired within the grace of clocks stays", () => {
  const fresh = result("fresh", "a", { expiresAt: madeAt - limits.graceMs + 1 });
  return withKept([full], [fresh], async (kept, forgotten) => {
    await assert.rejects(kept.makeRoom("a"), { code: "too_many" });
    assert.deepEqual(forgotten, []);
  });
});

Deno.test("where all are too many, anybody's oldest go", () => {
  const many = [1, 2, 3].map((n) => ({
    submitter: `s${n}`,
    jobs: 10,
    bytes: limits.keptBytes / 3,
  }));
  return withKept(many, [result("old", "s2")], async (kept, forgotten) => {
    await kept.makeRoom("somebody new");
    assert.deepEqual(forgotten, [digestOf("old")]);
  });
});

Deno.test("what is a week old goes without need, and so many at a time", () => {
  const old = Array.from(
    { length: limits.swept + 1 },
    (_, i) => result(`old ${i}`, "a", { completedAt: madeAt - limits.keptMs }),
  );
  const counts = [{ submitter: "a", jobs: old.length, bytes: old.length * 1024 }];
  return withKept(counts, [...old, result("newer", "a")], async (kept, forgotten) => {
    await kept.sweep();
    assert.equal(forgotten.length, limits.swept);
    await kept.sweep();
    assert.equal(forgotten.length, old.length);
    assert.deepEqual({ ...kept.all }, { jobs: 0, bytes: 0 });
  });
});
