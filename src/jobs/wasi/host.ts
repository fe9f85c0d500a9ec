/**
 * What a job's calls reach: its arguments, its streams, time and randomness, and nothing else.
 *
 * @module
 */

import type { Descriptors } from "./descriptors.ts";
import type { GuestMemory } from "./memory.ts";
import type { Tree } from "./tree.ts";

/** What is given to a job. */
export interface WasiHost {
  readonly args: readonly string[];
  /** `NAME=value` pairs in order. */
  readonly env: readonly (readonly [string, string])[];
  readonly stdin: Uint8Array;
  /** Takes what the job writes. It may throw to end the job. */
  write(stream: "stdout" | "stderr", bytes: Uint8Array): void;
  readonly clocks: WasiClocks;
  random(into: Uint8Array): void;
}

/** Time in nanoseconds. */
export interface WasiClocks {
  /** Since 1970. */
  realtime(): bigint;
  /** From an arbitrary start. */
  monotonic(): bigint;
  sleep(nanoseconds: bigint): void;
}

/** What the calls share while a job runs. */
export interface Job {
  readonly host: WasiHost;
  readonly memory: GuestMemory;
  readonly tree: Tree;
  readonly descriptors: Descriptors;
  /** Bytes of stdin that were read. */
  stdinAt: number;
}

/** Thrown by `proc_exit`. */
export class ProcessExit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

/** A family of calls: name → what it does. A returned number is an error code, nothing is success. */
export type Calls = Readonly<Record<string, (...args: never[]) => number | void>>;
