/**
 * What a job is, and what comes of it.
 *
 * @module
 */

import { isJobPath } from "../formats/job_path.ts";
import { PlasmdError } from "../lib/errors.ts";

/** A module, its input and its limits. */
export interface JobInput {
  readonly module: Uint8Array;
  readonly args: readonly string[];
  readonly env: readonly (readonly [string, string])[];
  readonly stdin: Uint8Array;
  /** Paths in the job's root directory → bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly limits: JobLimits;
  /** Whether time stands still and randomness is seeded, so that every run is the same. */
  readonly deterministic: boolean;
  /** Of a component, what was made of it for an earlier job. */
  readonly ready?: Uint8Array;
}

/** Bytes of a job's module and input. */
export function inputBytes({ module, stdin, files }: JobInput): number {
  return [stdin, ...files.values()].reduce((sum, { length }) => sum + length, module.length);
}

/** The memory that a job's bytes lie in, where nothing else lies there. */
export function buffersOf({ module, stdin, files }: JobInput): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  for (const { buffer, byteLength } of [module, stdin, ...files.values()]) {
    const whole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
    if (whole && byteLength > 0) found.add(buffer);
  }
  return [...found];
}

/** The limits of one job. */
export interface JobLimits {
  readonly wallMs: number;
  readonly memoryBytes: number;
  /** Bytes of stdout and stderr together. */
  readonly outputBytes: number;
}

/** How a job ended. DESIGN 11. */
export type Completion = "exit" | "trap" | "timeout" | "memory" | "output" | "cancelled";

/** What came of a job. */
export interface JobOutcome {
  readonly completion: Completion;
  /** The module's own code where it ended by itself, else that of DESIGN 13. */
  readonly exitCode: number;
  /** What trapped, for people. */
  readonly reason?: string;
}

/** The exit code for every way to end but by itself. DESIGN 13. */
const exitCodes = {
  trap: 134,
  timeout: 124,
  memory: 137,
  output: 1,
  cancelled: 130,
} as const satisfies Record<Exclude<Completion, "exit">, number>;

/** The outcome of a job that did not end by itself. */
export function ended(completion: Exclude<Completion, "exit">, reason?: string): JobOutcome {
  return { completion, exitCode: exitCodes[completion], reason };
}

/**
 * The path as a file's name in a job's root: relative, without `.`, `..` or empty parts.
 *
 * @throws {PlasmdError} `usage`
 */
export function parseJobPath(path: string): string {
  if (isJobPath(path)) return path;
  throw new PlasmdError("usage", `Invalid name of a file: "${path}"`, {
    hint: "write it like input.txt or data/input.txt",
  });
}
