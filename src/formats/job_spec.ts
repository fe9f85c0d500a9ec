/**
 * A job for a worker: what to run, on what, within which limits, signed by who wants it. DESIGN 11.
 *
 * @module
 */

import type { Identity } from "../identity/key_file.ts";
import { fromBase64 } from "../lib/bytes.ts";
import { jobFormatLimits as limits } from "../lib/limits.ts";
import { isJobPath, pathClash } from "./job_path.ts";
import { type JsonObject, parseCanonical } from "./json.ts";
import type { Members } from "./members.ts";
import { checkFrame, checkSigner, type OneSignerKind, sealOne } from "./one_signer.ts";
import { documentId, type Prefix, type Signature } from "./signed.ts";

/** The prefix of jobs. */
export const jobSpecPrefix: Prefix = "phase-job:v1:";

/** What a job says before anybody signs it. */
export interface JobSpecFields {
  /** The keyid of who wants it. */
  readonly submitter: string;
  /** The keyid of the worker that it is meant for: no other may run it. */
  readonly worker: string;
  /** `sha256:` of the module. */
  readonly module: string;
  /** What the module gets after its name, which is "module". */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** `sha256:` of the input, or null for none. */
  readonly stdin: string | null;
  /** Path in the job's root directory → `sha256:` of the file. */
  readonly files: Readonly<Record<string, string>>;
  readonly limits: {
    readonly wall_ms: number;
    readonly memory_bytes: number;
    /** Of stdout and stderr together. */
    readonly output_bytes: number;
  };
  /** Whether time stands still and randomness is seeded. */
  readonly deterministic: boolean;
  /** Base64 of 16 random bytes: two equal jobs are two. */
  readonly nonce: string;
  /** The worker takes it until then, and keeps its result until then at least. */
  readonly expires_at: string;
}

/** A job, well-formed. */
export interface JobSpec extends JobSpecFields {
  readonly spec_version: 1;
  /** Exactly one, by the submitter. */
  readonly signatures: readonly Signature[];
}

/** A job whose signature is valid. */
export interface OpenedJobSpec {
  readonly spec: JobSpec;
  /** `sha256:` of the signed bytes: it stands for every member of the job. */
  readonly id: string;
}

const kind: OneSignerKind = {
  what: "job",
  prefix: jobSpecPrefix,
  version: "spec_version",
  signer: "submitter",
  members: [
    "worker",
    "module",
    "args",
    "env",
    "stdin",
    "files",
    "limits",
    "deterministic",
    "nonce",
    "expires_at",
  ],
};

/**
 * The signed bytes of a job, checked by the same rules as one that is read.
 *
 * @throws {PlasmdError} `malformed`, naming the member; `failed` where the key isn't the submitter's
 */
export function sealJobSpec(
  fields: JobSpecFields,
  identity: Pick<Identity, "seed" | "keyid">,
): Uint8Array<ArrayBuffer> {
  const bytes = sealOne({ ...fields, spec_version: 1 } as unknown as JsonObject, kind, identity);
  parseJobSpec(bytes);
  return bytes;
}

/**
 * The job that the bytes hold, signed by the submitter that it names.
 *
 * @param admit looks at the job before its signature, which costs more: it throws for one that isn't
 * wanted anyway, and must believe nothing
 * @throws {PlasmdError} `malformed`, naming the member; `untrusted` for a wrong signature
 */
export function openJobSpec(
  bytes: Uint8Array,
  admit: (spec: JobSpec) => void = () => {},
): OpenedJobSpec {
  const spec = parseJobSpec(bytes);
  admit(spec);
  checkSigner(spec as unknown as JsonObject, kind);
  return { spec, id: documentId(jobSpecPrefix, spec) };
}

/** Every digest that the job needs, each once: the module first. */
export function digestsOf({ module, stdin, files }: JobSpecFields): string[] {
  return [...new Set([module, ...(stdin === null ? [] : [stdin]), ...Object.values(files)])];
}

function parseJobSpec(bytes: Uint8Array): JobSpec {
  const object = parseCanonical(bytes, { what: kind.what, max: limits.specBytes });
  const members = checkFrame(object, kind);
  members.keyid(object.worker, "worker");
  members.digest(object.module, "module");
  checkArgs(object, members);
  checkEnv(object, members);
  if (object.stdin !== null) members.digest(object.stdin, "stdin");
  checkFiles(object, members);
  checkLimits(object, members);
  if (typeof object.deterministic !== "boolean") {
    members.refuse("deterministic", "must be true or false");
  }
  const nonce = fromBase64(members.text(object, "nonce"));
  if (nonce?.length !== limits.nonceBytes) {
    members.refuse("nonce", `must be canonical base64 of ${limits.nonceBytes} bytes`);
  }
  members.time(object, "expires_at");
  return object as unknown as JobSpec;
}

function checkArgs(object: JsonObject, members: Members): void {
  const args = members.list(object.args, "args");
  if (args.length > limits.specArgs) {
    members.refuse("args", `has ${args.length} entries, limit is ${limits.specArgs}`);
  }
  args.forEach((arg, i) => {
    // A module reads arguments up to their first zero byte.
    if (typeof arg !== "string" || arg.includes("\0")) {
      members.refuse(`args[${i}]`, "must be text without a zero byte");
    }
  });
}

function checkEnv(object: JsonObject, members: Members): void {
  const entries = Object.entries(members.object(object.env, "env"));
  if (entries.length > limits.specEnv) {
    members.refuse("env", `has ${entries.length} entries, limit is ${limits.specEnv}`);
  }
  for (const [name, value] of entries) {
    if (name === "" || /[=\0]/.test(name)) {
      members.refuse("env", "has a name that is empty or holds = or a zero byte");
    }
    if (typeof value !== "string" || value.includes("\0")) {
      members.refuse(`env.${name}`, "must be text without a zero byte");
    }
  }
}

function checkFiles(object: JsonObject, members: Members): void {
  const entries = Object.entries(members.object(object.files, "files"));
  if (entries.length > limits.specFiles) {
    members.refuse("files", `has ${entries.length} entries, limit is ${limits.specFiles}`);
  }
  for (const [name, digest] of entries) {
    if (!isJobPath(name)) members.refuse("files", "has a name that is no path like data/input.txt");
    members.digest(digest, `files.${name}`);
  }
  const clash = pathClash(entries.map(([name]) => name));
  if (clash !== undefined) members.refuse(`files.${clash}`, "is a file and a directory");
}

function checkLimits(object: JsonObject, members: Members): void {
  const asked = members.object(object.limits, "limits");
  members.only(asked, ["wall_ms", "memory_bytes", "output_bytes"], "limits.");
  const { memoryMinBytes, askedBytes, wallMs } = limits;
  members.whole(asked.wall_ms, "limits.wall_ms", 1, wallMs);
  members.whole(asked.memory_bytes, "limits.memory_bytes", memoryMinBytes, askedBytes);
  members.whole(asked.output_bytes, "limits.output_bytes", 0, askedBytes);
}
