/**
 * What a person runs first on a new machine: every kind of thing that plasmd does, once, small, on
 * loopback, in a directory that is removed again.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Deps } from "../../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import { printable } from "../../lib/text.ts";
import { checkClock, checkFiles, checkMemory } from "./machine.ts";
import { checkHash, checkSignature } from "./known_answers.ts";
import { checkWorker } from "./worker.ts";
import { checkRoundTrip, type SmallImage } from "./round_trip.ts";

/** How a self-test is run. */
export interface SelftestOptions {
  /** Where its directory is made; default: where temporary files go, else here. */
  readonly directory?: string;
  readonly signal: AbortSignal;
}

/** What a check came to. */
export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  /** What was found, or why it failed. */
  readonly detail: string;
  readonly durationMs: number;
}

/** What all checks came to. */
export interface SelftestReport {
  readonly passed: boolean;
  readonly checks: readonly CheckResult[];
  readonly durationMs: number;
}

/** What a check gets: a directory of its own, and where to look for an image. */
export interface CheckContext extends SmallImage {
  readonly deps: Deps;
  readonly signal: AbortSignal;
}

/** A check returns what it found, and throws where that is wrong. */
type Check = (context: CheckContext) => Promise<string>;

const checks: Readonly<Record<string, Check>> = {
  hash: checkHash,
  signature: checkSignature,
  files: checkFiles,
  memory: checkMemory,
  clock: checkClock,
  worker: checkWorker,
  "serve and fetch": checkRoundTrip,
};

/** Runs all checks, one after another; one that fails doesn't stop the others. */
export async function selftest(
  { directory, signal }: SelftestOptions,
  deps: Deps,
): Promise<SelftestReport> {
  const startedAt = deps.clock.steady();
  const work = await makeDirectory(directory === undefined ? [tmpdir(), "."] : [directory]);
  try {
    const context = { directory: work, deps, signal };
    const results: CheckResult[] = [];
    for (const [name, check] of Object.entries(checks)) {
      signal.throwIfAborted();
      results.push(await runCheck(name, check, context));
    }
    return {
      passed: results.every(({ passed }) => passed),
      checks: results,
      durationMs: deps.clock.steady() - startedAt,
    };
  } finally {
    await fs.rm(work, { recursive: true, force: true });
  }
}

async function runCheck(name: string, check: Check, context: CheckContext): Promise<CheckResult> {
  const { steady } = context.deps.clock;
  const startedAt = steady();
  try {
    const detail = await check(context);
    return { name, passed: true, detail, durationMs: steady() - startedAt };
  } catch (thrown) {
    const detail = printable(toPlasmdError(thrown).message, 1000);
    return { name, passed: false, detail, durationMs: steady() - startedAt };
  }
}

async function makeDirectory(places: readonly string[]): Promise<string> {
  let last: unknown;
  for (const place of places) {
    try {
      return await fs.realpath(await fs.mkdtemp(join(place, "plasmd-selftest-")));
    } catch (thrown) {
      last = thrown;
    }
  }
  const { code, message } = toPlasmdError(last);
  throw new PlasmdError(code, `Cannot write a file to test with: ${message}`, {
    hint: "name a directory that can be written: plasmd selftest --directory DIR",
  });
}
