/**
 * A job as a person names it: its bytes are in files of ours, and its input may be our own.
 *
 * @module
 */

import { type JobInput, parseJobPath } from "../jobs/job.ts";
import { PlasmdError } from "../lib/errors.ts";
import { readBounded } from "../lib/files.ts";
import { jobLimits } from "../lib/limits.ts";

/** What to run. */
export interface JobWish {
  /** The module's file. */
  readonly module: string;
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  /** Names in the job's root → files of ours. */
  readonly files: readonly (readonly [string, string])[];
  /** A file of ours, or `-` for our own standard input. */
  readonly stdin?: string;
  readonly deterministic: boolean;
  readonly wallMs?: number;
  readonly memoryBytes?: number;
  readonly outputBytes?: number;
}

/**
 * Reads all that a job is given; what isn't limited has the usual limits.
 *
 * @throws {PlasmdError} `module` for a module above the limit; `io`, `permission`, `too_large` for
 * a file; `usage` for a name in the job's root
 */
export async function readJob(wish: JobWish): Promise<JobInput> {
  const files = new Map<string, Uint8Array>();
  for (const [name, path] of wish.files) {
    files.set(parseJobPath(name), await readBounded(path, jobLimits.inputBytes));
  }
  return {
    module: await readModule(wish.module),
    args: wish.args,
    env: wish.env,
    stdin: await readStdin(wish.stdin),
    files,
    limits: {
      wallMs: wish.wallMs ?? jobLimits.wallDefaultMs,
      memoryBytes: wish.memoryBytes ?? jobLimits.memoryDefaultBytes,
      outputBytes: wish.outputBytes ?? jobLimits.outputDefaultBytes,
    },
    deterministic: wish.deterministic,
  };
}

/** A module above the limit is refused like any other that can't be run. */
async function readModule(path: string): Promise<Uint8Array> {
  try {
    return await readBounded(path, jobLimits.moduleBytes);
  } catch (thrown) {
    if (!(thrown instanceof PlasmdError) || thrown.code !== "too_large") throw thrown;
    throw new PlasmdError("module", thrown.message, { cause: thrown });
  }
}

async function readStdin(path: string | undefined): Promise<Uint8Array> {
  if (path === undefined) return new Uint8Array();
  if (path !== "-") return await readBounded(path, jobLimits.inputBytes);
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of Deno.stdin.readable) {
    total += part.length;
    if (total > jobLimits.inputBytes) {
      throw new PlasmdError("too_large", "Standard input is larger than a job may be given");
    }
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}
