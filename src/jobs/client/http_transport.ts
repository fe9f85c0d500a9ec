/**
 * A worker's HTTP interface. Every answer is bounded, no redirect is followed.
 *
 * @module
 */

import type { Deps } from "../../lib/deps.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobClientLimits as limits } from "../../lib/limits.ts";
import { printable } from "../../lib/text.ts";
import { readStatus } from "./read_status.ts";
import { refusalOf } from "./refusal_codes.ts";
import type { CallOptions, JobTransport } from "./transport.ts";

interface Call extends CallOptions {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: Uint8Array;
  readonly max?: number;
  readonly timeoutMs?: number;
}

/** The worker at an origin like http://192.0.2.1:8080; `jobId` is that of the one job spoken of. */
export function httpTransport(
  origin: string,
  jobId: string,
  { clock }: Pick<Deps, "clock">,
): JobTransport {
  // All calls may be made twice: a job, a blob and a cancel are known by their digests.
  async function ask(path: string, call: Call): Promise<Uint8Array<ArrayBuffer>> {
    for (let attempt = 1;; attempt++) {
      try {
        return await askOnce(new URL(path, origin), call);
      } catch (thrown) {
        call.signal.throwIfAborted();
        const again = thrown instanceof PlasmdError &&
          (thrown.code === "unreachable" || thrown.code === "too_many");
        if (!again || attempt === limits.attempts) throw thrown;
        await clock.sleep(limits.backoffMs * 2 ** attempt, { signal: call.signal });
      }
    }
  }
  const told = async (path: string, call: Call) =>
    readStatus(parseJson(await ask(path, call)), jobId);
  const at = (id: string) => `/v1/jobs/${id.slice("sha256:".length)}`;
  const transport: JobTransport = {
    submit: (body, { signal }) => told("/v1/jobs", { method: "POST", body, signal }),
    async put(digest, body, { signal }) {
      const path = `/v1/blobs/sha256/${digest.slice("sha256:".length)}` +
        `?job=${jobId.slice("sha256:".length)}`;
      await ask(path, { method: "PUT", body, signal, timeoutMs: limits.blobMs });
    },
    status: (id, seconds, { signal }) =>
      told(`${at(id)}?wait=${seconds}`, { signal, timeoutMs: limits.answerMs + seconds * 1000 }),
    output: (id, stream, { signal, max }) =>
      ask(`${at(id)}/${stream}`, { signal, max, timeoutMs: limits.blobMs }),
    receipt: (id, { signal }) => ask(`${at(id)}/receipt`, { signal }),
    cancel: (body, id, { signal }) => told(at(id), { method: "DELETE", body, signal }),
  };
  return transport;
}

async function askOnce(url: URL, call: Call): Promise<Uint8Array<ArrayBuffer>> {
  const { method = "GET", body, max = limits.answerBytes, timeoutMs = limits.answerMs } = call;
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const response = await fetch(url, {
      method,
      body: body as BodyInit | undefined,
      signal,
      redirect: "manual",
      headers: { "Accept-Encoding": "identity" },
    });
    const bytes = await readAtMost(response, response.ok ? max : limits.answerBytes);
    if (response.ok) return bytes;
    throw refusal(response.status, bytes);
  } catch (thrown) {
    if (thrown instanceof PlasmdError) throw thrown;
    call.signal.throwIfAborted();
    throw new PlasmdError("unreachable", `Worker ${url.origin} does not answer`, { cause: thrown });
  }
}

async function readAtMost(response: Response, max: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    // Leaving the loop cancels the body: nothing more of it is read.
    if (size > max) {
      throw new PlasmdError("bad_source", `The worker's answer is larger than ${max} bytes`);
    }
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new PlasmdError("bad_source", "The worker's answer is no JSON", { cause });
  }
}

/** The worker's refusal as our error; a code that we don't know is no code. */
function refusal(status: number, bytes: Uint8Array): PlasmdError {
  let said: { code?: unknown; detail?: unknown } | null = null;
  try {
    said = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // No problem document: the status says enough.
  }
  const detail = typeof said?.detail === "string" ? printable(said.detail) : "no reason given";
  const code = status === 429 ? "too_many" : said?.code;
  return refusalOf(code, `The worker refused (${status}): ${detail}`);
}
