/**
 * Answers `/phase/job/1.0.0`: what HTTP offers, for peers. Pure: a question in, an answer out.
 *
 * @module
 */

import { decodeJobMessage, encodeJobMessage, type JobMessage } from "../../formats/job_wire.ts";
import type { JsonObject } from "../../formats/json.ts";
import type { Deps } from "../../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import { jobWireLimits as limits } from "../../lib/limits.ts";
import { makeRate } from "../../lib/rate.ts";
import { printable } from "../../lib/text.ts";
import type { JobService, WorkerLimits } from "../service/types.ts";

/** What this node says of itself. */
export interface OwnInfo {
  readonly arch: string;
  readonly runtimes: readonly string[];
  readonly httpPort: number;
}

/** What answers come from. */
export interface HandlerParts {
  readonly service: JobService;
  readonly info: OwnInfo;
}

/** An answer before it is encoded. */
interface Reply {
  readonly header: Readonly<Record<string, unknown>>;
  readonly body?: Uint8Array;
}

type Answer = (message: JobMessage, parts: HandlerParts) => Reply | Promise<Reply>;

/** Makes what answers; it never throws, a refusal is an answer. */
export function makeJobHandler(
  parts: HandlerParts,
  { clock, log }: Pick<Deps, "clock" | "log">,
): (question: Uint8Array, peer: string) => Promise<Uint8Array> {
  const { questionsPerSecond: perSecond, questionsAtOnce: atOnce, peers: keys } = limits;
  const rate = makeRate({ perSecond, atOnce, keys }, clock);
  return async (question, peer) => {
    try {
      if (!rate.take(peer)) throw new PlasmdError("too_many", "Too many questions come from you");
      const message = decodeJobMessage(question);
      const { type } = message.header;
      const answer = typeof type === "string" && Object.hasOwn(answers, type)
        ? answers[type]
        : undefined;
      if (answer === undefined) throw new PlasmdError("bad_request", "No such question");
      const { header, body } = await answer(message, parts);
      return encodeJobMessage({ ok: true, ...header }, body);
    } catch (thrown) {
      const error = toPlasmdError(thrown);
      const isTheirs = error.blame === "peer";
      if (!isTheirs) log.warn("A question about jobs failed", { code: error.code, reason: thrown });
      // DESIGN 7: what went wrong inside is for the log.
      const detail = isTheirs ? printable(error.message, limits.detailChars) : "The worker failed";
      return encodeJobMessage({ ok: false, code: error.code, detail });
    }
  };
}

const answers: Readonly<Record<string, Answer>> = {
  info: (_message, { service, info: { arch, runtimes, httpPort } }) => {
    const { load, limits: most, queued } = service.report();
    const header = { arch, runtimes, http_port: httpPort, load, queue: queued };
    return { header: { ...header, limits: limitsOf(most) } };
  },
  submit: async ({ body }, { service }) => ({ header: { status: await service.submit(body) } }),
  cancel: async ({ body }, { service }) => ({ header: { status: await service.cancel(body) } }),
  put: async ({ header, body }, { service }) => {
    const range = { start: count(header, "start"), size: count(header, "size") };
    const signal = AbortSignal.timeout(limits.putMs);
    const options = { signal, job: jobOf(header) };
    return {
      header: { ...await service.putRange(digest(header, "digest"), range, body, options) },
    };
  },
  progress: async ({ header }, { service }) => ({
    header: { ...await service.progress(digest(header, "digest"), { job: jobOf(header) }) },
  }),
  status: ({ header }, { service }) => {
    const status = service.status(digest(header, "job_id"));
    if (status === undefined) throw noSuchJob();
    return { header: { status } };
  },
  output: async ({ header }, { service }) => {
    const { stream } = header;
    if (stream !== "stdout" && stream !== "stderr") throw malformed("stream");
    const output = service.output(digest(header, "job_id"), stream);
    if (output === undefined) throw noSuchJob();
    const { size, state } = output;
    const start = Math.min(count(header, "start"), size);
    const end = Math.min(Math.max(start, count(header, "end")), size, start + limits.bodyBytes);
    return { header: { size, state, start }, body: await output.read(start, end) };
  },
  receipt: ({ header }, { service }) => {
    const id = digest(header, "job_id");
    const status = service.status(id);
    if (status === undefined) throw noSuchJob();
    const body = service.receipt(id);
    if (body !== undefined) return { header: {}, body };
    throw new PlasmdError("not_done", `There is no receipt: the job is ${status.state}`);
  },
};

function digest(header: JsonObject, name: string): string {
  const value = header[name];
  if (typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value)) return value;
  throw malformed(name);
}

function jobOf(header: JsonObject): string | undefined {
  return header.job_id === undefined ? undefined : digest(header, "job_id");
}

function count(header: JsonObject, name: string): number {
  const value = header[name];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(name);
}

function malformed(name: string): PlasmdError {
  return new PlasmdError("malformed", `The question has no valid "${name}"`);
}

function noSuchJob(): PlasmdError {
  return new PlasmdError("not_found", "There is no such job");
}

function limitsOf({ wallMs, memoryBytes, outputBytes }: WorkerLimits) {
  return { wall_ms: wallMs, memory_bytes: memoryBytes, output_bytes: outputBytes };
}
