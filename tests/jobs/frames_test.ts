import assert from "node:assert/strict";
import fc from "fast-check";
import { PlasmdError } from "../../src/lib/errors.ts";
import { encodeFrame, type Frame, frameTypes, readFrames } from "../../src/jobs/frames.ts";
import { decodeJob, decodeOutcome, encodeJob } from "../../src/jobs/messages.ts";
import type { JobInput } from "../../src/jobs/job.ts";

async function* inParts(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function frames(bytes: Uint8Array, size = 7, most?: number): Promise<Frame[]> {
  const all: Frame[] = [];
  for await (const frame of readFrames(inParts(bytes, size), most)) all.push(frame);
  return all;
}

const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

Deno.test("frames come out as they went in, however the stream is cut", async () => {
  const frame = fc.record({ type: fc.integer({ min: 1, max: 5 }), bytes: fc.uint8Array() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { maxLength: 5 }),
      fc.integer({ min: 1, max: 20 }),
      async (list, size) => {
        const bytes = list.flatMap(({ type, bytes }) => [...encodeFrame(type, bytes)]);
        assert.deepEqual(
          await frames(new Uint8Array(bytes), size),
          list.map(({ type, bytes }) => ({ type, bytes: Uint8Array.from(bytes) })),
        );
      },
    ),
  );
});

Deno.test("garbage on the pipe is refused, and never grows memory", async () => {
  await assert.rejects(frames(new Uint8Array([9, 1, 0, 0, 0, 0])), { code: "malformed" });
  await assert.rejects(frames(new Uint8Array([3, 255, 255, 255, 255])), { code: "malformed" });
  await assert.rejects(frames(encodeFrame(frameTypes.stdout, new Uint8Array(11)), 7, 10), {
    code: "malformed",
  });
  await assert.rejects(frames(new Uint8Array([3, 4, 0, 0, 0, 1])), { message: /inside a message/ });
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (noise) => {
    await frames(noise).catch((thrown) => assert.ok(thrown instanceof PlasmdError));
  }));
});

const job: JobInput = {
  module: new Uint8Array([1, 2]),
  args: ["a", ""],
  env: [["N", "v=w"]],
  stdin: new Uint8Array([3]),
  files: new Map([["d/f", new Uint8Array([4, 5])], ["g", new Uint8Array()]]),
  limits: { wallMs: 1, memoryBytes: 2, outputBytes: 3 },
  deterministic: true,
};

Deno.test("a job crosses the pipe whole", async () => {
  async function* stream() {
    yield* encodeJob(job);
  }
  assert.deepEqual(await decodeJob(readFrames(stream())), job);
});

Deno.test("an incomplete job is refused", async () => {
  async function* stream() {
    yield* [...encodeJob(job)].slice(0, 3);
  }
  await assert.rejects(decodeJob(readFrames(stream())), { code: "malformed" });
});

Deno.test("an outcome is believed only in its form", () => {
  const said = { outcome: { completion: "exit", exitCode: 33 } };
  assert.deepEqual(decodeOutcome(text(said)), { completion: "exit", exitCode: 33 });
  assert.throws(() => decodeOutcome(text({ error: { code: "module", message: "\x1b no" } })), {
    code: "module",
    message: "\\u{1b} no",
  });
  for (
    const lie of [
      {},
      null,
      "x",
      { outcome: { completion: "exit", exitCode: 256 } },
      { outcome: { completion: "exit", exitCode: -1 } },
      { outcome: { completion: "timeout", exitCode: 0 } },
      { outcome: { completion: "exit", exitCode: 0, more: 1 } },
      { error: { code: "no such code", message: "" } },
      { error: { code: "module", message: "x".repeat(5000) } },
    ]
  ) assert.throws(() => decodeOutcome(text(lie)), { code: "malformed" }, JSON.stringify(lie));
  assert.throws(() => decodeOutcome(new Uint8Array([0xff])), { code: "malformed" });
});
