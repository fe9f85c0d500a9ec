import assert from "node:assert/strict";
import fc from "fast-check";
import { makeQueue } from "../../../src/jobs/service/queue.ts";

const idle = () => 0;

function filled(rows: Readonly<Record<string, number>>) {
  const queue = makeQueue();
  for (const [submitter, count] of Object.entries(rows)) {
    for (let i = 0; i < count; i++) queue.add({ submitter, id: `${submitter}${i}` });
  }
  return queue;
}

function order(queue: ReturnType<typeof makeQueue>, running: (submitter: string) => number = idle) {
  const ids: string[] = [];
  while (queue.size > 0) ids.push(queue.take(running)!.id);
  return ids;
}

Deno.test("submitters take turns, however many jobs one of them has", () => {
  const queue = filled({ a: 4, b: 2, c: 1 });
  assert.deepEqual(order(queue), ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]);
  assert.equal(queue.take(idle), undefined);
});

Deno.test("whose last turn is longest ago comes first, also who comes late", () => {
  const queue = filled({ a: 100 });
  queue.take(idle);
  queue.add({ submitter: "b", id: "b0" });
  assert.deepEqual([queue.take(idle)!.id, queue.take(idle)!.id], ["b0", "a1"]);
  queue.add({ submitter: "b", id: "b1" });
  queue.add({ submitter: "c", id: "c0" });
  queue.add({ submitter: "c", id: "c1" });
  const next = Array.from({ length: 4 }, () => queue.take(idle)!.id);
  assert.deepEqual(next, ["c0", "b1", "a2", "c1"], "who had no jobs meanwhile had no turn, too");
});

Deno.test("a free place goes to whom the fewest places have", () => {
  const queue = filled({ a: 3, b: 3 });
  const running = new Map([["a", 2], ["b", 0]]);
  assert.equal(queue.take((submitter) => running.get(submitter)!)!.id, "b0");
  running.set("b", 1);
  assert.equal(queue.take((submitter) => running.get(submitter)!)!.id, "b1");
});

Deno.test("a job that had its turn comes first again, and a job can be taken out", () => {
  const queue = filled({ a: 3 });
  queue.add({ submitter: "a", id: "again" }, { first: true });
  assert.equal(queue.remove({ submitter: "a", id: "a1" }), true);
  assert.equal(queue.remove({ submitter: "a", id: "a1" }), false);
  assert.equal(queue.remove({ submitter: "b", id: "a1" }), false);
  assert.equal(queue.size, 3);
  assert.deepEqual(order(queue), ["again", "a0", "a2"]);
  assert.equal(queue.sizeOf("a"), 0);
});

Deno.test("the position of a job is how many come before it", () => {
  const rows = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 1, max: 6 }));
  fc.assert(fc.property(rows, fc.nat(5), (counts, taken) => {
    const queue = filled(counts);
    for (let i = 0; i < taken; i++) queue.take(idle);
    const jobs = Object.entries(counts).flatMap(([submitter, count]) =>
      Array.from({ length: count }, (_, i) => ({ submitter, id: `${submitter}${i}` }))
    );
    const told = jobs.map((job) => [job.id, queue.position(job)] as const);
    const real = order(queue);
    for (const [id, position] of told) {
      assert.equal(position ?? -1, real.indexOf(id), id);
    }
  }));
});

Deno.test("nobody's turn is further away than one turn of each other", () => {
  const steps = fc.array(fc.constantFrom("a", "b", "c", "take"), { maxLength: 60 });
  fc.assert(fc.property(steps, (all) => {
    const queue = makeQueue();
    const since = new Map<string, string[]>();
    let next = 0;
    for (const step of all) {
      if (step !== "take") {
        queue.add({ submitter: step, id: String(next++) });
        if (!since.has(step)) since.set(step, []);
        continue;
      }
      const taken = queue.take(idle)?.submitter;
      if (taken === undefined) continue;
      for (const [waiting, others] of since) if (waiting !== taken) others.push(taken);
      if (queue.sizeOf(taken) > 0) since.set(taken, []);
      else since.delete(taken);
      for (const others of since.values()) {
        assert.equal(new Set(others).size, others.length, "somebody had two turns meanwhile");
      }
    }
  }));
});
