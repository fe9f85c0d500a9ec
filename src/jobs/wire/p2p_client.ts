/**
 * Asks a worker over libp2p, where HTTP can't reach it.
 *
 * @module
 */

import {
  decodeJobMessage,
  encodeJobMessage,
  jobMessageBytes,
  jobProtocol,
  readWorkerInfo,
  type WorkerInfo,
} from "../../formats/job_wire.ts";
import type { JsonValue } from "../../formats/json.ts";
import type { Deps } from "../../lib/deps.ts";
import { errorCodes, PlasmdError } from "../../lib/errors.ts";
import { jobWireLimits as limits } from "../../lib/limits.ts";
import { printable } from "../../lib/text.ts";
import type { P2pNode } from "../../p2p/options.ts";
import { isFinal, type JobState, type StreamName } from "../service/types.ts";

/** How long a call may take. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

/** A worker, reached over libp2p. Nothing that it says is proved but what a receipt proves. */
export interface P2pJobs {
  /** What it says of itself, and where it was reached. */
  info(options: CallOptions): Promise<WorkerInfo & { readonly host: string }>;
  /** The status as the worker tells it, to be checked by who uses it. */
  submit(spec: Uint8Array, options: CallOptions): Promise<JsonValue>;
  /** Sends a blob in parts; goes on where an earlier call ended. */
  put(
    digest: string,
    bytes: Uint8Array,
    options: CallOptions & { readonly job?: string },
  ): Promise<void>;
  /** The status, once the job has ended or the seconds are over. */
  status(id: string, waitSeconds: number, options: CallOptions): Promise<JsonValue>;
  /** The bytes of a stream that are there, from a position on. */
  output(
    id: string,
    stream: StreamName,
    from: number,
    options: CallOptions,
  ): AsyncGenerator<Uint8Array>;
  receipt(id: string, options: CallOptions): Promise<Uint8Array>;
  cancel(order: Uint8Array, options: CallOptions): Promise<JsonValue>;
}

/** Makes the calls to one peer. */
export function askJobs(node: Pick<P2pNode, "ask">, peer: string, { clock }: Deps): P2pJobs {
  async function ask(
    header: Readonly<Record<string, unknown>>,
    { signal }: CallOptions,
    body?: Uint8Array,
  ) {
    const { bytes, host } = await node.ask(peer, {
      protocol: jobProtocol,
      question: encodeJobMessage(header, body),
      maxBytes: jobMessageBytes,
      signal: AbortSignal.any([signal, AbortSignal.timeout(limits.askMs)]),
    });
    const answer = decodeJobMessage(bytes);
    if (answer.header.ok !== true) throw refusal(answer.header.code, answer.header.detail);
    return { ...answer, host };
  }
  const status = async (id: string, options: CallOptions) =>
    (await ask({ type: "status", job_id: id }, options)).header.status ?? null;
  return {
    async info(options) {
      const { header, host } = await ask({ type: "info" }, options);
      return { ...readWorkerInfo(header), host };
    },
    submit: async (spec, options) =>
      (await ask({ type: "submit" }, options, spec)).header.status ?? null,
    cancel: async (order, options) =>
      (await ask({ type: "cancel" }, options, order)).header.status ?? null,
    async put(digest, bytes, { signal, job }) {
      const about = { digest, ...(job === undefined ? {} : { job_id: job }) };
      let { header } = await ask({ type: "progress", ...about }, { signal });
      while (header.complete !== true) {
        const start = Number(header.have);
        const part = bytes.subarray(start, start + limits.bodyBytes);
        ({ header } = await ask({ type: "put", ...about, start, size: bytes.length }, {
          signal,
        }, part));
        // One that never gets further would be asked for ever.
        if (header.complete !== true && !(Number(header.have) > start)) throw oddAnswer();
      }
    },
    async status(id, waitSeconds, options) {
      const end = clock.steady() + waitSeconds * 1000;
      for (;;) {
        const now = await status(id, options);
        if (isFinal((now as { state?: JobState } | null)?.state ?? "waiting")) return now;
        const left = end - clock.steady();
        if (left <= 0) return now;
        await clock.sleep(Math.min(limits.pollMs, left), { signal: options.signal });
      }
    },
    async *output(id, stream, from, options) {
      for (let start = from;;) {
        const end = start + limits.bodyBytes;
        const { body } = await ask({ type: "output", job_id: id, stream, start, end }, options);
        if (body.length === 0) return;
        yield body;
        start += body.length;
      }
    },
    receipt: async (id, options) => (await ask({ type: "receipt", job_id: id }, options)).body,
  };
}

/** The worker's refusal as our error; a code that we don't know is no code. */
function refusal(code: unknown, detail: unknown): PlasmdError {
  const known = errorCodes.find((one) => one === code);
  if (known === undefined || typeof detail !== "string") return oddAnswer();
  return new PlasmdError(known, printable(detail, limits.detailChars), { blame: "peer" });
}

function oddAnswer(): PlasmdError {
  return new PlasmdError("bad_source", "The worker's answer is none");
}
