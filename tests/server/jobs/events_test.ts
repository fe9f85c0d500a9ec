import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import fc from "fast-check";
import type { JobEvent } from "../../../src/jobs/service/types.ts";
import { jobHttpLimits } from "../../../src/lib/limits.ts";
import { eventStream, eventText, readPosition } from "../../../src/server/jobs/events.ts";
import { fakeClock } from "../../support/clock.ts";

const event = (text: string): JobEvent => ({
  type: "stdout",
  offset: 0,
  bytes: new TextEncoder().encode(text),
  at: { stdout: text.length, stderr: 0 },
});
const never = new AbortController().signal;

Deno.test("a stream on which nothing happens shows that it lives, and loses no event by that", async () => {
  const clock = fakeClock();
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* events() {
    yield event("a");
    await promise;
    yield event("b");
  }
  const reader = eventStream(events, never, clock).getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  equal(await read(), eventText(event("a")));
  const quiet = read();
  await Promise.resolve();
  clock.advance(jobHttpLimits.heartbeatMs);
  equal(await quiet, ": alive\n\n");
  resolve();
  equal(await read(), eventText(event("b")));
  equal((await reader.read()).done, true);
});

Deno.test("nothing is followed before the first read, and no more after the last", async () => {
  let followed = 0;
  let stopped: AbortSignal | undefined;
  async function* events(signal: AbortSignal) {
    followed++;
    stopped = signal;
    yield event("a");
  }
  const stream = eventStream(events, never, fakeClock());
  await Promise.resolve();
  equal(followed, 0);
  const reader = stream.getReader();
  await reader.read();
  await reader.cancel();
  equal(stopped?.aborted, true);
});

Deno.test("what fails while it is followed ends the stream", async () => {
  // deno-lint-ignore require-yield -- it fails before
  async function* events(): AsyncGenerator<JobEvent> {
    throw new Error("broken");
  }
  const reader = eventStream(events, never, fakeClock()).getReader();
  await rejects(reader.read(), { message: "broken" });
});

Deno.test("whatever a job writes, an event is three lines and its bytes come back", () => {
  fc.assert(fc.property(fc.uint8Array(), fc.nat(), (bytes, offset) => {
    const at = { stdout: offset + bytes.length, stderr: 3 };
    const text = eventText({ type: "stderr", offset, bytes, at });
    const lines = text.split("\n");
    deepEqual([lines.length, lines.slice(3)], [5, ["", ""]]);
    deepEqual(readPosition(lines[1]!.slice("id: ".length)), at);
    const data = JSON.parse(lines[2]!.slice("data: ".length));
    deepEqual(Uint8Array.fromBase64(data.data), bytes);
    equal(data.offset, offset);
  }));
});

Deno.test("a position is two numbers, or refused", () => {
  equal(readPosition(undefined), undefined);
  equal(readPosition(""), undefined);
  for (const odd of ["1", "1-", "-1", "1-2-3", "1 - 2", "1e3-0", "9".repeat(16) + "-0", "0x1-0"]) {
    throws(() => readPosition(odd), { code: "bad_request" });
  }
});
