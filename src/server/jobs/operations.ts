/**
 * Every operation of the interface of jobs: what goes in, and which answers there are.
 *
 * @module
 */

/** What an answer or a request carries. */
export interface Content {
  readonly type: string;
  /** A name of `schemas`; bytes where it is missing. */
  readonly schema?: string;
}

/** A parameter of a path, a query or a header. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** An operation. */
export interface Operation {
  readonly id: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly body?: Content;
  /** Status → what it means, and what the answer carries. */
  readonly answers: Readonly<Record<number, readonly [string, Content?]>>;
}

const problem: Content = { type: "application/problem+json", schema: "Problem" };
const status: Content = { type: "application/json", schema: "JobStatus" };
const bytes: Content = { type: "application/octet-stream" };
const hex = { type: "string", pattern: "^[0-9a-f]{64}$" };

const job: Parameter = {
  name: "job",
  in: "path",
  description: "The job's id without `sha256:`. Who knows it reads the result.",
  schema: hex,
};
const unknown = { 404: ["There is no such job, or no jobs are run here", problem] } as const;
const odd = { 400: ["The request is malformed", problem] } as const;
const busy = { 429: ["Too many; Retry-After says when to try again", problem] } as const;
const stopping = { 503: ["The node is busy or stopping", problem] } as const;
const written = {
  ...odd,
  ...busy,
  ...stopping,
  408: ["The body did not come in time", problem],
  411: ["Content-Length is missing", problem],
  413: ["It is too large, or asks for more than is given", problem],
  415: ["The body has a Content-Encoding", problem],
  417: ["Expect is not 100-continue", problem],
  507: ["There is no room on the disk", problem],
} as const;

function output(name: "stdout" | "stderr"): Operation {
  return {
    id: `get_${name}`,
    summary: `The bytes of ${name} so far`,
    parameters: [job, {
      name: "Range",
      in: "header",
      description: "One range of bytes",
      schema: { type: "string" },
    }],
    answers: {
      ...unknown,
      200: ["All bytes so far; X-Job-State says whether more may come", bytes],
      206: ["The range", bytes],
      416: ["Nothing of the range is there yet", problem],
    },
  };
}

/** Path → method → operation. */
export const operations: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  "/v1/jobs": {
    post: {
      id: "submit_job",
      summary: "Takes a signed job; the same one again answers as it is now",
      parameters: [],
      body: { type: "application/json", schema: "JobSpec" },
      answers: {
        ...written,
        200: ["It has ended", status],
        202: ["It was taken; `missing` names the input that it still needs", status],
        403: ["The signature, the submitter or the worker isn't the one that it must be", problem],
        404: ["No jobs are run here", problem],
        410: ["It has expired", problem],
      },
    },
  },
  "/v1/blobs/sha256/{digest}": {
    put: {
      id: "put_blob",
      summary: "Takes input that a waiting job misses",
      parameters: [
        { name: "digest", in: "path", description: "SHA-256 of the bytes", schema: hex },
        {
          name: "job",
          in: "query",
          description: "The job that it is for, where several submitters wait for the same",
          schema: hex,
        },
      ],
      body: bytes,
      answers: {
        ...written,
        204: ["It is stored, or was there already"],
        404: ["No waiting job misses it, or no jobs are run here", problem],
        412: ["Several submitters wait for it: the job must be named", problem],
        422: ["The bytes have another digest", problem],
      },
    },
  },
  "/v1/jobs/{job}": {
    get: {
      id: "get_job",
      summary: "A job as it is, or once it has ended",
      parameters: [job, {
        name: "wait",
        in: "query",
        description: "Seconds for which the end is waited for, 60 at most",
        schema: { type: "integer", minimum: 0 },
      }],
      answers: { ...unknown, ...odd, ...busy, 200: ["The job", status] },
    },
    delete: {
      id: "cancel_job",
      summary: "Ends a job, by an order that its submitter has signed",
      parameters: [job],
      body: { type: "application/json", schema: "JobCancel" },
      answers: {
        ...written,
        ...unknown,
        200: ["It has ended", status],
        202: ["It is being ended", status],
        403: ["The signature isn't the submitter's", problem],
      },
    },
  },
  "/v1/jobs/{job}/stdout": { get: output("stdout") },
  "/v1/jobs/{job}/stderr": { get: output("stderr") },
  "/v1/jobs/{job}/receipt": {
    get: {
      id: "get_receipt",
      summary: "What the worker has signed about a job that is done",
      parameters: [job],
      answers: {
        ...unknown,
        200: ["The receipt, byte for byte", { type: "application/json", schema: "Receipt" }],
        409: ["The job is not done: `code` is `not_done`", problem],
      },
    },
  },
  "/v1/jobs/{job}/events": {
    get: {
      id: "get_events",
      summary: "What happens to a job while it does; ends with its end",
      parameters: [job, {
        name: "Last-Event-ID",
        in: "header",
        description: "The `id` of the last event that was seen: bytes of stdout and of stderr",
        schema: { type: "string", pattern: "^\\d{1,15}-\\d{1,15}$" },
      }],
      answers: {
        ...unknown,
        ...odd,
        ...busy,
        200: [
          "Events `state` (data: a JobStatus), `stdout` and `stderr` (data: `offset`, base64 `data`)",
          { type: "text/event-stream" },
        ],
      },
    },
  },
  "/v1/workers": {
    get: {
      id: "get_workers",
      summary: "Nodes that run jobs: this one, and those that the DHT knows",
      parameters: [
        { name: "arch", in: "query", description: "arm64 or x86_64", schema: { type: "string" } },
        {
          name: "runtime",
          in: "query",
          description: "wasm, v8-wasi-0.1 or v8-wasi-0.2",
          schema: { type: "string" },
        },
      ],
      answers: { ...odd, 200: ["Workers", { type: "application/json", schema: "Workers" }] },
    },
  },
  "/v1/openapi.json": {
    get: {
      id: "get_description",
      summary: "This description",
      parameters: [],
      answers: { 200: ["An OpenAPI 3.1 document", { type: "application/json" }] },
    },
  },
};
