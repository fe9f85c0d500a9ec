import assert from "node:assert/strict";
import { nextStep, type Scene } from "../../src/transfer/direct.ts";
import { limitsOf } from "../../src/transfer/limits.ts";
import type { Member } from "../../src/transfer/pool.ts";

const limits = limitsOf();

function member(lane: number, changes: Partial<Member> = {}): Member {
  const origin = { name: `p${lane}`, open: () => Promise.reject(new Error("not asked")) };
  return { lane, origin, failures: 0, restsUntil: 0, bytes: 0, wholeOnly: false, ...changes };
}

const [a, b, c] = [member(0), member(1), member(2)];
const fine = { silentMs: 0, tooSlow: false, hedged: false };

/** A download that is young, by one provider, with another one idle. */
function scene(changes: Partial<Scene> = {}): Scene {
  return {
    busy: [{ ...fine, member: a }],
    idle: [b],
    unclaimed: false,
    ageMs: 100,
    restMs: 60_000,
    heldBack: false,
    ...changes,
  };
}

Deno.test("the best provider begins", () => {
  const step = nextStep(scene({ busy: [], idle: [a, b], unclaimed: true }), limits);
  assert.deepEqual(step, { do: "claim", member: a });
});

Deno.test("a provider that streams well is left alone", () => {
  assert.equal(nextStep(scene(), limits), undefined);
  assert.equal(nextStep(scene({ ageMs: 5000, restMs: 500 }), limits), undefined);
});

Deno.test("a second one joins where much is left", () => {
  assert.deepEqual(nextStep(scene({ ageMs: 1000 }), limits), { do: "split", member: b });
});

Deno.test("one that has delivered already joins again until very little is left", () => {
  const idle = [member(1, { bytes: 1 })];
  assert.deepEqual(nextStep(scene({ ageMs: 5000, restMs: 500, idle }), limits)?.do, "split");
  assert.equal(nextStep(scene({ ageMs: 5000, restMs: 150, idle }), limits), undefined);
  assert.equal(nextStep(scene({ ageMs: 400, restMs: 500, idle }), limits), undefined);
});

Deno.test("nobody joins where we hold the download back ourselves", () => {
  assert.equal(nextStep(scene({ ageMs: 1000, heldBack: true }), limits), undefined);
});

Deno.test("who can send the whole only does not join", () => {
  const idle = [member(1, { wholeOnly: true })];
  assert.equal(nextStep(scene({ ageMs: 1000, idle }), limits), undefined);
});

Deno.test("a third one joins two, and no more stream at a time", () => {
  const two = [a, b].map((member) => ({ ...fine, member }));
  const step = nextStep(scene({ ageMs: 9000, busy: two, idle: [c] }), limits);
  assert.deepEqual(step, { do: "split", member: c });
  const busy = [...two, { ...fine, member: member(3) }];
  assert.equal(nextStep(scene({ ageMs: 9000, busy, idle: [c] }), limits), undefined);
});

Deno.test("after a second of silence another one is asked for the same", () => {
  const busy = [{ ...fine, member: a, silentMs: 999 }];
  assert.equal(nextStep(scene({ busy }), limits), undefined);
  const silent = [{ ...fine, member: a, silentMs: 1000 }];
  assert.deepEqual(nextStep(scene({ busy: silent }), limits), {
    do: "shadow",
    member: b,
    silent: a,
  });
});

Deno.test("a silent one is hedged once", () => {
  const busy = [{ ...fine, member: a, silentMs: 2000, hedged: true }];
  assert.equal(nextStep(scene({ busy, ageMs: 400 }), limits), undefined);
});

Deno.test("silent ones don't keep others from working, but there is an end to it", () => {
  const silent = (member: Member) => ({ ...fine, member, silentMs: 2000, hedged: true });
  const two = [silent(a), silent(b)];
  assert.deepEqual(nextStep(scene({ busy: two, idle: [c], unclaimed: true }), limits), {
    do: "claim",
    member: c,
  });
  const many = [a, b, member(3), member(4), member(5), member(6)].map(silent);
  assert.equal(nextStep(scene({ busy: many, idle: [c], unclaimed: true }), limits), undefined);
});

Deno.test("who is too slow is replaced, even where nobody else is there", () => {
  const busy = [{ ...fine, member: a, tooSlow: true, silentMs: 5000 }];
  assert.deepEqual(nextStep(scene({ busy, idle: [] }), limits), { do: "replace", silent: a });
});
