/**
 * A submitter's side of jobs: what is to be run becomes a signed job, and what was handed in is
 * remembered, so that its id is enough later.
 *
 * @module
 */

import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type JobSpecFields, type OpenedJobSpec, openJobSpec } from "../formats/job_spec.ts";
import { sealJobSpec } from "../formats/job_spec.ts";
import { formatTime } from "../formats/time.ts";
import type { Identity } from "../identity/key_file.ts";
import { httpTransport } from "../jobs/client/http_transport.ts";
import type { Submission } from "../jobs/client/submit.ts";
import type { JobTransport } from "../jobs/client/transport.ts";
import type { JobInput } from "../jobs/job.ts";
import { fromBase64, sha256Hex, toBase64 } from "../lib/bytes.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere, writeAtomic } from "../lib/files.ts";
import { jobClientLimits, jobFormatLimits } from "../lib/limits.ts";
import { makeStateDirectory, stateDirectory } from "../lib/state_dir.ts";

/** A job that this user has handed in. */
export interface SubmittedJob {
  readonly job: OpenedJobSpec;
  /** Its signed bytes. */
  readonly bytes: Uint8Array;
  /** Where its worker listens. */
  readonly origin: string;
  readonly transport: JobTransport;
}

/** Whom a job is for, and for how long. */
export interface JobOrder {
  /** The worker's keyid. */
  readonly worker: string;
  /** Milliseconds until it expires. */
  readonly lifetimeMs: number;
}

/**
 * Signs a job for a worker.
 *
 * @throws {PlasmdError} `malformed` for a job that no worker would take
 */
export function prepareJob(
  input: JobInput,
  { worker, lifetimeMs }: JobOrder,
  identity: Identity,
  { clock, random }: Deps,
): Submission {
  const blobs = new Map<string, Uint8Array>();
  const add = (bytes: Uint8Array) => {
    const digest = `sha256:${sha256Hex(bytes)}`;
    blobs.set(digest, bytes);
    return digest;
  };
  const { wallMs, memoryBytes, outputBytes } = input.limits;
  const fields: JobSpecFields = {
    submitter: identity.keyid,
    worker,
    module: add(input.module),
    args: input.args,
    env: Object.fromEntries(input.env),
    stdin: input.stdin.length === 0 ? null : add(input.stdin),
    files: Object.fromEntries([...input.files].map(([name, bytes]) => [name, add(bytes)])),
    limits: { wall_ms: wallMs, memory_bytes: memoryBytes, output_bytes: outputBytes },
    deterministic: input.deterministic,
    nonce: toBase64(random.bytes(jobFormatLimits.nonceBytes)),
    expires_at: formatTime(clock.now() + lifetimeMs),
  };
  return { spec: sealJobSpec(fields, identity), blobs };
}

/** A job and the way to its worker. */
export function submittedJob(spec: Uint8Array, origin: string, deps: Deps): SubmittedJob {
  const job = openJobSpec(spec);
  return { job, bytes: spec, origin, transport: httpTransport(origin, job.id, deps) };
}

/**
 * Remembers a job. Its id reads its result, so that nobody else may read this. False where the
 * state directory can't be written.
 */
export async function rememberJob(
  spec: Uint8Array,
  origin: string,
  id: string,
  stateDir?: string,
): Promise<boolean> {
  await makeStateDirectory(stateDirectory(stateDir));
  const directory = await makeStateDirectory(placeOf(stateDir));
  if (directory === undefined) return false;
  const kept = await Promise.all((await namesIn(directory)).map(async (name) => {
    const path = join(directory, name);
    return { path, at: (await stat(path)).mtimeMs };
  }));
  // The oldest go: what is forgotten here is still known to the worker by its id.
  kept.sort((a, b) => b.at - a.at);
  for (const { path } of kept.slice(jobClientLimits.remembered - 1)) await unlink(path);
  const text = JSON.stringify({ origin, spec: toBase64(spec) });
  await writeAtomic(join(directory, fileOf(id)), text, { mode: 0o600 });
  return true;
}

/** Forgets a job that its worker has not taken. */
export async function forgetJob(id: string, stateDir?: string): Promise<void> {
  await unlink(join(placeOf(stateDir), fileOf(id))).catch(() => {});
}

/**
 * A job that was handed in from here.
 *
 * @throws {PlasmdError} `usage` for what is no id, `not_found` where it is not remembered
 */
export async function recallJob(id: string, deps: Deps, stateDir?: string): Promise<SubmittedJob> {
  if (!/^(sha256:)?[0-9a-f]{64}$/.test(id)) {
    throw new PlasmdError("usage", `Invalid job id "${id}": it is sha256: and 64 hex digits`);
  }
  const full = id.startsWith("sha256:") ? id : `sha256:${id}`;
  const path = join(placeOf(stateDir), fileOf(full));
  const bytes = await readBoundedIfThere(path, jobClientLimits.recordBytes);
  if (bytes === undefined) {
    throw new PlasmdError("not_found", `Job ${full} was not submitted from here`, {
      hint: "plasmd job list shows those that were",
    });
  }
  try {
    const { origin, spec } = JSON.parse(new TextDecoder().decode(bytes));
    return submittedJob(fromBase64(spec)!, origin, deps);
  } catch (thrown) {
    throw new PlasmdError("config", `What is remembered of job ${full} can't be read`, {
      cause: thrown,
      hint: `remove ${path}`,
    });
  }
}

/** All jobs that are remembered, but those of which what is remembered can't be read. */
export async function recallJobs(
  deps: Deps,
  { stateDir, onBroken }: { stateDir?: string; onBroken: (error: PlasmdError) => void },
): Promise<SubmittedJob[]> {
  const jobs: SubmittedJob[] = [];
  for (const name of await namesIn(placeOf(stateDir))) {
    try {
      jobs.push(await recallJob(name.slice(0, -".json".length), deps, stateDir));
    } catch (thrown) {
      const error = toPlasmdError(thrown);
      // One that another command has just forgotten is not worth a word.
      if (error.code !== "not_found") onBroken(error);
    }
  }
  return jobs;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
  } catch (thrown) {
    if ((thrown as { code?: string }).code === "ENOENT") return [];
    throw thrown;
  }
}

function placeOf(stateDir?: string): string {
  return join(stateDirectory(stateDir), "submitted-jobs");
}

function fileOf(id: string): string {
  return `${id.slice("sha256:".length)}.json`;
}
