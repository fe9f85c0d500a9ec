import assert from "node:assert/strict";
import { openDatabase } from "../../../src/jobs/service/database.ts";
import { type JobStore, makeStore, type NewJob } from "../../../src/jobs/service/store.ts";
import { digestOf } from "../../support/jobs.ts";
import { tempDirectory } from "../../support/temp.ts";

/** A store of its own for a test. */
async function withStore(test: (store: JobStore) => void): Promise<void> {
  await using directory = await tempDirectory();
  using database = await openDatabase(directory.join("jobs.sqlite"));
  test(makeStore(database));
}

function job(name: string, changes: Partial<NewJob> = {}): NewJob {
  return {
    id: digestOf(name),
    submitter: "ed25519:a",
    spec: new TextEncoder().encode(`spec of ${name}`),
    expiresAt: 5000,
    submittedAt: 1000,
    needs: [{ digest: "sha256:m", most: 10 }, { digest: "sha256:f", most: 20 }],
    ...changes,
  };
}

const end = {
  completedAt: 3000,
  completion: "exit",
  exitCode: 7,
  stdoutSize: 10,
  stderrSize: 20,
  receipt: Uint8Array.of(1, 2, 3),
} as const;

Deno.test("a job goes from waiting to its end, and every step is what was written", () =>
  withStore((store) => {
    const { id } = job("one");
    store.insert(job("one"));
    assert.deepEqual(store.find(id), {
      id,
      submitter: "ed25519:a",
      state: "waiting",
      attempts: 0,
      cancelled: false,
      expiresAt: 5000,
      submittedAt: 1000,
      startedAt: undefined,
      completedAt: undefined,
      completion: undefined,
      exitCode: undefined,
      stdoutSize: 0,
      stderrSize: 0,
      problem: undefined,
    });
    assert.deepEqual(store.missing(id).sort(), ["sha256:f", "sha256:m"]);
    store.queue(id, "queued", 0);
    store.start(id, 2000);
    store.cancel(id);
    const running = store.find(id)!;
    assert.deepEqual([running.state, running.attempts, running.startedAt, running.cancelled], [
      "running",
      1,
      2000,
      true,
    ]);
    assert.equal(new TextDecoder().decode(store.spec(id)), "spec of one");
    assert.equal(store.finish(id, end), true);
    const done = store.find(id)!;
    assert.deepEqual([done.state, done.completion, done.exitCode, done.completedAt], [
      "done",
      "exit",
      7,
      3000,
    ]);
    assert.deepEqual([...store.receipt(id)!], [1, 2, 3]);
    assert.deepEqual([store.spec(id), store.missing(id)], [undefined, []]);
  }));

Deno.test("what has ended never ends again", () =>
  withStore((store) => {
    const problem = { code: "failed", detail: "why" } as const;
    store.insert(job("one"));
    store.insert(job("two"));
    assert.equal(store.finish(digestOf("one"), end), true);
    assert.equal(store.fail(digestOf("one"), "lost", problem, 4000), false);
    assert.equal(store.fail(digestOf("two"), "refused", problem, 4000), true);
    assert.equal(store.finish(digestOf("two"), end), false);
    assert.equal(store.find(digestOf("one"))!.state, "done");
    const two = store.find(digestOf("two"))!;
    assert.deepEqual([two.state, two.problem, two.completedAt], ["refused", problem, 4000]);
    assert.equal(store.receipt(digestOf("two")), undefined);
  }));

Deno.test("the same job is inserted once, whole or not at all", () =>
  withStore((store) => {
    store.insert(job("one"));
    assert.throws(() => store.insert(job("one")), { code: "io", message: /UNIQUE/ });
    const twice = [{ digest: "sha256:m", most: 1 }, { digest: "sha256:m", most: 1 }];
    assert.throws(() => store.insert(job("two", { needs: twice })), { code: "io" });
    assert.equal(store.find(digestOf("two")), undefined);
    assert.equal(store.live().length, 1);
  }));

Deno.test("jobs are counted by state and submitter, and live ones come in their order", () =>
  withStore((store) => {
    for (const name of ["one", "two", "three", "four"]) store.insert(job(name));
    store.insert(job("five", { submitter: "ed25519:b" }));
    store.queue(digestOf("two"), "queued", 0);
    store.finish(digestOf("three"), end);
    assert.deepEqual([store.count("waiting"), store.count("waiting", "ed25519:a")], [3, 2]);
    assert.deepEqual([store.count("queued"), store.count("queued", "ed25519:b")], [1, 0]);
    const names = ["one", "two", "four", "five"];
    assert.deepEqual(store.live().map(({ id }) => id), names.map(digestOf));
    assert.deepEqual(store.kept(), [{ submitter: "ed25519:a", jobs: 1, bytes: 30 }]);
  }));

Deno.test("the oldest of those that have expired may be forgotten, and their needs with them", () =>
  withStore((store) => {
    const ends: Record<string, number> = { one: 3000, two: 2000, three: 4000 };
    for (const [name, completedAt] of Object.entries(ends)) {
      store.insert(job(name, { expiresAt: name === "three" ? 9000 : 5000 }));
      store.finish(digestOf(name), { ...end, completedAt });
    }
    store.insert(job("waits"));
    const ids = (which: Partial<Parameters<JobStore["expired"]>[0]>) =>
      store.expired({ expiredBy: 5000, most: 10, ...which }).map(({ id }) => id);
    const aged = (completedBy: number, most = 10) =>
      store.aged(completedBy, most).map(({ id }) => id);
    assert.deepEqual(ids({}), [digestOf("two"), digestOf("one")]);
    assert.deepEqual(ids({ most: 1 }), [digestOf("two")]);
    assert.deepEqual(aged(2500), [digestOf("two")]);
    assert.deepEqual(aged(5000, 2), [digestOf("two"), digestOf("one")]);
    assert.deepEqual(ids({ submitter: "ed25519:a", most: 1 }), [digestOf("two")]);
    assert.deepEqual(ids({ submitter: "ed25519:b" }), []);
    assert.deepEqual(ids({ expiredBy: 4999 }), []);
    store.forget([digestOf("two")]);
    assert.equal(store.find(digestOf("two")), undefined);
    assert.deepEqual(ids({}), [digestOf("one")]);
  }));
