/**
 * The documents of the interface of jobs as JSON schemas, for its description.
 *
 * @module
 */

/** A JSON schema, as far as ours go. */
export type Schema = Readonly<Record<string, unknown>>;

const text = { type: "string" };
const count = { type: "integer", minimum: 0 };
const flag = { type: "boolean" };
const digest = { type: "string", pattern: "^sha256:[0-9a-f]{64}$" };
const keyid = { type: "string", pattern: "^ed25519:[0-9a-f]{64}$" };
const time = {
  type: "string",
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$",
};
const state = {
  type: "string",
  enum: ["waiting", "queued", "running", "done", "refused", "lost"],
};
const completion = {
  type: "string",
  enum: ["exit", "trap", "timeout", "memory", "output", "cancelled"],
};
const signature = object({ keyid, sig: text });
const signatures = { type: "array", items: signature, minItems: 1, maxItems: 1 };

/** Every schema by its name in the description. */
export const schemas: Readonly<Record<string, Schema>> = {
  JobSpec: object({
    spec_version: { const: 1 },
    submitter: keyid,
    worker: keyid,
    module: digest,
    args: list(text),
    env: { type: "object", additionalProperties: text },
    stdin: orNull(digest),
    files: { type: "object", additionalProperties: digest },
    limits: object({ wall_ms: count, memory_bytes: count, output_bytes: count }),
    deterministic: flag,
    nonce: { type: "string", pattern: "^[A-Za-z0-9+/]{22}==$" },
    expires_at: time,
    signatures,
  }),
  JobCancel: object({ cancel_version: { const: 1 }, job_id: digest, submitter: keyid, signatures }),
  JobStatus: object({
    job_id: digest,
    state,
    missing: list(digest),
    position: orNull(count),
    submitted_at: time,
    started_at: orNull(time),
    completed_at: orNull(time),
    completion: orNull(completion),
    exit_code: orNull({ type: "integer" }),
    stdout: object({ size: count, truncated: flag }),
    stderr: object({ size: count, truncated: flag }),
    problem: orNull(object({ code: text, detail: text })),
  }),
  Receipt: object({
    receipt_version: { const: 1 },
    job_id: digest,
    worker: keyid,
    submitter: keyid,
    module: digest,
    exit_code: { type: "integer" },
    completion,
    stdout: object({ hash: digest, size: count, truncated: flag }),
    stderr: object({ hash: digest, size: count, truncated: flag }),
    started_at: time,
    completed_at: time,
    runtime: text,
    arch: text,
    signatures,
  }),
  Workers: object({
    workers: list(object({
      peer_id: text,
      keyid,
      origins: list({ type: "string", pattern: "^http://" }),
      arch: text,
      runtimes: list(text),
      load: { type: "integer", minimum: 0, maximum: 100 },
    })),
  }),
  Problem: {
    type: "object",
    properties: {
      type: text,
      title: text,
      status: { type: "integer" },
      code: text,
      detail: text,
      hint: text,
    },
    required: ["type", "title", "status", "code", "detail"],
    additionalProperties: false,
  },
};

/** All members are there, and no other. */
function object(properties: Readonly<Record<string, Schema>>): Schema {
  return {
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

function list(items: Schema): Schema {
  return { type: "array", items };
}

function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: "null" }] };
}
