/**
 * A job as frames, and its outcome as it comes back.
 *
 * @module
 */

import * as v from "valibot";
import { errorCodes, errorFromData, PlasmdError } from "../lib/errors.ts";
import { jobFormatLimits, jobLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { encodeFrame, type Frame, frameHead, frameTypes } from "./frames.ts";
import type { JobInput, JobOutcome } from "./job.ts";

const entries = {
  args: v.array(v.string()),
  env: v.array(v.strictTuple([v.string(), v.string()])),
  files: v.array(v.string()),
  limits: v.strictObject({
    wallMs: v.number(),
    memoryBytes: v.number(),
    outputBytes: v.number(),
  }),
  deterministic: v.boolean(),
};

const headSchema = v.strictObject({ ...entries, ready: v.boolean() });

/** A job as frames: its head, then module, stdin, files and what is ready, each a blob. */
export function* encodeJob(job: JobInput): Generator<Uint8Array> {
  const { args, env, limits, deterministic, ready } = job;
  const head = {
    args,
    env,
    files: [...job.files.keys()],
    limits,
    deterministic,
    ready: ready !== undefined,
  };
  yield encodeFrame(frameTypes.start, new TextEncoder().encode(JSON.stringify(head)));
  for (const blob of [job.module, job.stdin, ...job.files.values(), ...ready ? [ready] : []]) {
    yield frameHead(frameTypes.blob, blob.length);
    yield blob;
  }
}

const bytes = (most: number) =>
  v.pipe(v.instance(Uint8Array), v.check((value) => value.length <= most));

const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most));

/** Those of a signed job: a limit that is no number, or never reached, would be none. */
const inputSchema = v.strictObject({
  ...entries,
  limits: v.strictObject({
    wallMs: whole(1, jobFormatLimits.wallMs),
    memoryBytes: whole(1, jobFormatLimits.askedBytes),
    outputBytes: whole(0, jobFormatLimits.askedBytes),
  }),
  module: bytes(jobLimits.moduleBytes),
  stdin: bytes(jobLimits.inputBytes),
  files: v.map(v.string(), bytes(jobLimits.inputBytes)),
});

/**
 * A job that came as a message from another thread.
 *
 * @throws {PlasmdError} `malformed`
 */
export function parseJobInput(value: unknown): JobInput {
  const parsed = v.safeParse(inputSchema, value);
  if (parsed.success) return parsed.output;
  throw new PlasmdError("malformed", "What was to be run is no job");
}

/**
 * The job of these frames.
 *
 * @throws {PlasmdError} `malformed`
 */
export async function decodeJob(frames: AsyncGenerator<Frame>): Promise<JobInput> {
  const first = await next(frames, frameTypes.start);
  const head = v.parse(headSchema, JSON.parse(new TextDecoder().decode(first)));
  const module = await next(frames, frameTypes.blob);
  const stdin = await next(frames, frameTypes.blob);
  const files = new Map<string, Uint8Array>();
  for (const name of head.files) files.set(name, await next(frames, frameTypes.blob));
  const { ready, ...rest } = head;
  const job = { ...rest, module, stdin, files };
  return ready ? { ...job, ready: await next(frames, frameTypes.blob) } : job;
}

async function next(frames: AsyncGenerator<Frame>, type: number): Promise<Uint8Array<ArrayBuffer>> {
  const { value } = await frames.next();
  if (value?.type === type) return value.bytes;
  throw new PlasmdError("malformed", "A job is incomplete");
}

const answerSchema = v.union([
  v.strictObject({
    outcome: v.strictObject({
      completion: v.picklist(["exit", "trap", "output"]),
      exitCode: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)),
      reason: v.optional(v.pipe(v.string(), v.maxLength(4096))),
    }),
  }),
  v.strictObject({
    error: v.object({
      code: v.picklist(errorCodes),
      message: v.pipe(v.string(), v.maxLength(4096)),
      hint: v.optional(v.pipe(v.string(), v.maxLength(4096))),
    }),
  }),
]);

/**
 * What a job process says came of its job; it may say anything.
 *
 * @throws {PlasmdError} what the process refused the job for; `malformed` for anything else
 */
export function decodeOutcome(bytes: Uint8Array): JobOutcome {
  const answer = v.safeParse(answerSchema, parseJson(bytes));
  if (!answer.success) {
    throw new PlasmdError("malformed", "A job process said something that is no outcome");
  }
  if ("outcome" in answer.output) return answer.output.outcome;
  const { code, message, hint } = answer.output.error;
  throw errorFromData({ code, message: printable(message, 1000), hint, blame: "user" });
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
