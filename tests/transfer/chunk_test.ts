import assert from "node:assert/strict";
import fc from "fast-check";
import {
  claim,
  createPlan,
  finish,
  hasUnclaimed,
  type Plan,
  prefix,
  release,
  shadow,
  split,
} from "../../src/transfer/chunk.ts";

/** Lets a lane finish `count` chunks of its run. */
function advance(plan: Plan, lane: number, count: number): void {
  for (let i = 0; i < count; i++) finish(plan, lane);
}

Deno.test("a single provider gets all chunks as one run", () => {
  const plan = createPlan(10);
  assert.deepEqual(claim(plan, 0), { at: 0, end: 10 });
  assert.equal(hasUnclaimed(plan), false);
  advance(plan, 0, 10);
  assert.equal(plan.left, 0);
});

Deno.test("chunks that are there already are not asked for again", () => {
  const plan = createPlan(6, [0, 1, 4]);
  assert.equal(plan.left, 3);
  assert.deepEqual(claim(plan, 0), { at: 2, end: 4 });
  assert.deepEqual(claim(plan, 1), { at: 5, end: 6 });
  assert.equal(claim(plan, 2), undefined);
});

Deno.test("a second provider takes the far half of the longest run", () => {
  const plan = createPlan(10);
  const first = claim(plan, 0)!;
  advance(plan, 0, 2);
  assert.deepEqual(split(plan, 1), { at: 6, end: 10 });
  assert.deepEqual(first, { at: 2, end: 6 });
});

Deno.test("the chunk that is being read is never split off", () => {
  const plan = createPlan(2);
  claim(plan, 0);
  assert.deepEqual(split(plan, 1), { at: 1, end: 2 });
  assert.equal(split(plan, 2), undefined);
});

Deno.test("nobody splits its own run", () => {
  const plan = createPlan(8);
  claim(plan, 0);
  assert.equal(split(plan, 0), undefined);
});

Deno.test("a silent provider keeps the chunk that it is at, the other one takes all", () => {
  const plan = createPlan(10);
  const silent = claim(plan, 0)!;
  advance(plan, 0, 3);
  assert.deepEqual(shadow(plan, 1, 0), { at: 3, end: 10 });
  assert.deepEqual(silent, { at: 3, end: 4 });
});

Deno.test("the first of two that have the same chunk wins, the other one moves on", () => {
  const plan = createPlan(4);
  claim(plan, 0);
  const quick = shadow(plan, 1, 0)!;
  assert.equal(finish(plan, 1), true);
  assert.equal(finish(plan, 0), false);
  assert.deepEqual(quick, { at: 1, end: 4 });
  assert.equal(plan.left, 3);
});

Deno.test("nobody takes the run of a provider that has none", () => {
  const plan = createPlan(3);
  assert.equal(shadow(plan, 1, 0), undefined);
  assert.equal(finish(plan, 0), false);
});

Deno.test("a run ends where the next chunk is there already", () => {
  const plan = createPlan(5);
  const run = claim(plan, 0)!;
  plan.done[2] = 1;
  plan.left--;
  advance(plan, 0, 2);
  assert.deepEqual(run, { at: 2, end: 2 });
});

Deno.test("what a provider leaves is nobody's again", () => {
  const plan = createPlan(4);
  claim(plan, 0);
  advance(plan, 0, 1);
  release(plan, 0);
  assert.equal(hasUnclaimed(plan), true);
  assert.deepEqual(claim(plan, 1), { at: 1, end: 4 });
});

Deno.test("the prefix is what is there without a gap", () => {
  const plan = createPlan(5, [0, 1, 3]);
  assert.equal(prefix(plan), 2);
  assert.equal(prefix(plan, 3), 4);
  assert.equal(prefix(createPlan(2, [0, 1])), 2);
});

/** What can happen next: to which lane, and what. */
const happenings = fc.array(
  fc.record({
    lane: fc.nat(3),
    what: fc.constantFrom("claim", "split", "shadow", "finish", "finish", "finish", "release"),
    other: fc.nat(3),
  }),
  { maxLength: 200 },
);

function happen(plan: Plan, { lane, what, other }: { lane: number; what: string; other: number }) {
  const run = plan.runs.get(lane);
  if (what === "finish" && run && run.at < run.end) finish(plan, lane);
  if (what === "release") release(plan, lane);
  if (run !== undefined) return;
  if (what === "claim") claim(plan, lane);
  if (what === "split") split(plan, lane);
  if (what === "shadow" && lane !== other) shadow(plan, lane, other);
}

Deno.test("whatever happens, every chunk is there, in a run, or to be claimed", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), happenings, (count, events) => {
    const plan = createPlan(count);
    for (const event of events) happen(plan, event);
    const missing = [...plan.done.keys()].filter((index) => plan.done[index] === 0);
    assert.equal(missing.length, plan.left);
    for (const run of plan.runs.values()) assert.ok(run.at >= 0 && run.end <= count);
    // A lane that never fails finishes what is left.
    for (const lane of [...plan.runs.keys()]) release(plan, lane);
    for (let run = claim(plan, 9); run; run = claim(plan, 9)) {
      while (run.at < run.end) assert.equal(finish(plan, 9), true);
      release(plan, 9);
    }
    assert.equal(plan.left, 0);
  }));
});
