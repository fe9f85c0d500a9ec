import { equal, rejects } from "node:assert/strict";
import { within } from "../../src/lib/within.ts";
import { fakeClock } from "../support/clock.ts";

Deno.test("what comes in time is handed on, errors too", async () => {
  const options = { ms: 1000, clock: fakeClock(), what: "It" };
  equal(await within(Promise.resolve(5), options), 5);
  await rejects(within(Promise.reject(new TypeError("no")), options), TypeError);
});

Deno.test("what doesn't come is a timeout, and its late failure harms nobody", async () => {
  const clock = fakeClock();
  const { promise, reject } = Promise.withResolvers<never>();
  const waiting = within(promise, { ms: 1000, clock, what: "The report" });
  clock.advance(1000);
  await rejects(waiting, { code: "timeout", message: "The report took longer than 1000 ms" });
  reject(new Error("late"));
});
