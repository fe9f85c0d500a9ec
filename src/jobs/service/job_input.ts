/**
 * From a signed job and its blobs to what the sandbox gets.
 *
 * @module
 */

import type { JobSpec } from "../../formats/job_spec.ts";
import type { JobInput } from "../job.ts";
import { isComponent } from "../wasm/check.ts";
import type { BlobStore } from "./blob_store.ts";

/**
 * Reads a job's input, each blob once.
 *
 * @throws {PlasmdError} `mismatch` or `io` where it isn't there as it was sent
 */
export async function loadInput(spec: JobSpec, blobs: Pick<BlobStore, "load">): Promise<JobInput> {
  const { submitter, limits } = spec;
  const loaded = new Map<string, Uint8Array<ArrayBuffer>>();
  const load = async (digest: string) => {
    const bytes = loaded.get(digest) ?? await blobs.load({ submitter, digest });
    loaded.set(digest, bytes);
    return bytes;
  };
  const files = new Map<string, Uint8Array>();
  const module = await load(spec.module);
  for (const [name, digest] of Object.entries(spec.files)) files.set(name, await load(digest));
  return {
    module,
    args: ["module", ...spec.args],
    env: Object.entries(spec.env),
    stdin: spec.stdin === null ? new Uint8Array() : await load(spec.stdin),
    files,
    limits: {
      wallMs: limits.wall_ms,
      memoryBytes: limits.memory_bytes,
      outputBytes: limits.output_bytes,
    },
    deterministic: spec.deterministic,
  };
}

/** What runs a module: a component says so after its magic number, as layer 1. */
export function runtimeOf(module: Uint8Array): string {
  return isComponent(module) ? "v8-wasi-0.2" : "v8-wasi-0.1";
}
