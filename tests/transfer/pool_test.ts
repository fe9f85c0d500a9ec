import assert from "node:assert/strict";
import { systemDeps } from "../../src/lib/deps.ts";
import { PlasmdError } from "../../src/lib/errors.ts";
import { limitsOf } from "../../src/transfer/limits.ts";
import { makePool } from "../../src/transfer/pool.ts";
import type { Origin } from "../../src/transfer/source.ts";
import { fakeClock } from "../support/clock.ts";

function origin(name: string): Origin {
  return { name, open: () => Promise.reject(new Error("not asked")) };
}

function pool(names: readonly string[]) {
  const clock = fakeClock();
  const dropped: string[] = [];
  const made = makePool(
    names.map(origin),
    limitsOf(),
    systemDeps({ clock }),
    (from, error) => dropped.push(`${from.name}: ${error.message}`),
  );
  const ready = () => made.ready(clock.steady()).map((member) => member.origin.name);
  return { made, clock, dropped, ready };
}

const passing = new PlasmdError("unreachable", "closed");

Deno.test("providers are asked in the order given", () => {
  assert.deepEqual(pool(["a", "b"]).ready(), ["a", "b"]);
});

Deno.test("a provider that failed rests, then comes after the others", () => {
  const { made, clock, ready, dropped } = pool(["a", "b"]);
  made.failed(made.members[0]!, passing);
  assert.deepEqual(ready(), ["b"]);
  clock.advance(250);
  assert.deepEqual(ready(), ["b", "a"]);
  assert.deepEqual(dropped, []);
});

Deno.test("a provider that keeps failing is dropped, named and told once", () => {
  const { made, clock, ready, dropped } = pool(["a", "b"]);
  for (let i = 0; i < 6; i++) made.failed(made.members[0]!, passing);
  clock.advance(1e6);
  assert.deepEqual(ready(), ["b"]);
  assert.deepEqual(dropped, ["a: closed"]);
  assert.equal(made.alive().length, 1);
});

Deno.test("a good chunk makes up for failures", () => {
  const { made, dropped } = pool(["a"]);
  for (let i = 0; i < 20; i++) {
    made.failed(made.members[0]!, passing);
    made.succeeded(made.members[0]!, 100);
  }
  assert.deepEqual(dropped, []);
  assert.equal(made.members[0]!.bytes, 2000);
});

Deno.test("a provider that lied is dropped at once", () => {
  const { made, ready, dropped } = pool(["a", "b"]);
  made.failed(made.members[1]!, new PlasmdError("bad_source", "sent wrong bytes"));
  assert.deepEqual(ready(), ["a"]);
  assert.deepEqual(dropped, ["b: sent wrong bytes"]);
});

Deno.test("there is a limit to the number of providers", () => {
  const names = Array.from({ length: 100 }, (_, i) => `p${i}`);
  assert.equal(pool(names).made.members.length, limitsOf().providers);
});
