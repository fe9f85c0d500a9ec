import assert from "node:assert/strict";
import { makeNotices } from "../../../src/jobs/service/notices.ts";

const never = new AbortController().signal;

Deno.test("all who wait for a job are woken by it, and by no other", async () => {
  const notices = makeNotices();
  const woken: string[] = [];
  const all = ["a", "a", "b"].map((id) => notices.next(id, never).then(() => void woken.push(id)));
  notices.tell("a");
  await Promise.all(all.slice(0, 2));
  assert.deepEqual(woken, ["a", "a"]);
  notices.tell("a"); // nobody waits any more
  notices.tell("b");
  await Promise.all(all);
  assert.deepEqual(woken, ["a", "a", "b"]);
});

Deno.test("a waiter leaves with its signal", async () => {
  const notices = makeNotices();
  const stop = new AbortController();
  const waiting = notices.next("a", stop.signal);
  stop.abort();
  await waiting;
  await notices.next("a", stop.signal);
  notices.tell("a");
});

Deno.test("once it is closed nobody waits", async () => {
  const notices = makeNotices();
  const waiting = notices.next("a", never);
  assert.equal(notices.closed, false);
  notices.close();
  await waiting;
  await notices.next("b", never);
  assert.equal(notices.closed, true);
});
