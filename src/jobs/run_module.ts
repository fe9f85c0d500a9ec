/**
 * Runs a preview 1 command module to its end, in this thread.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { ended, type JobInput, type JobOutcome } from "./job.ts";
import { type WasiClocks, type WasiHost } from "./wasi/host.ts";
import { makePreview1, ProcessExit } from "./wasi/preview1.ts";

/** Thrown where a job writes more than it may. */
class OutputLimit extends Error {}

/** Takes what a job writes. */
export type JobWriter = (stream: "stdout" | "stderr", bytes: Uint8Array) => void;

/**
 * Runs the module's `_start`. What it throws becomes the outcome.
 *
 * @throws {PlasmdError} `module` where it wants something that there isn't
 */
export function runModule(
  module: WebAssembly.Module,
  input: Omit<JobInput, "module">,
  write: JobWriter,
): JobOutcome {
  const host = hostOf(input, limited(write, input.limits.outputBytes));
  const wasi = makePreview1({ host, files: input.files, fileBytes: input.limits.memoryBytes });
  const imports = { wasi_snapshot_preview1: wasi.imports, wasi_unstable: wasi.imports };
  const { exports } = instantiate(module, imports as WebAssembly.Imports);
  const memory = exports.memory;
  if (memory instanceof WebAssembly.Memory) wasi.bind(memory);
  const start = exports._start;
  if (typeof start !== "function") return ended("trap", "the module exports no _start");
  try {
    start();
    return { completion: "exit", exitCode: 0 };
  } catch (thrown) {
    return outcomeOf(thrown);
  }
}

/** An import that we don't have is a LinkError, or a TypeError where its whole module is unknown. */
function instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports) {
  try {
    return new WebAssembly.Instance(module, imports);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new PlasmdError("module", `Cannot run the module: ${message}`, { cause: thrown });
  }
}

/** What a job comes to that ended by throwing. */
export function outcomeOf(thrown: unknown): JobOutcome {
  if (thrown instanceof ProcessExit) return { completion: "exit", exitCode: thrown.code & 0xff };
  if (thrown instanceof OutputLimit) return ended("output", "it wrote more than it may");
  if (thrown instanceof RangeError) return ended("trap", "its calls are nested too deep");
  return ended("trap", thrown instanceof Error ? thrown.message : String(thrown));
}

/** Takes what a job writes until it is more than it may write; then it ends the job. */
export function limited(write: JobWriter, most: number): JobWriter {
  let left = most;
  return (stream, bytes) => {
    const part = bytes.subarray(0, left);
    left -= part.length;
    if (part.length > 0) write(stream, part);
    if (part.length < bytes.length) throw new OutputLimit();
  };
}

/** What the calls of a job reach. */
export function hostOf(input: Omit<JobInput, "module">, write: JobWriter): WasiHost {
  return {
    args: input.args,
    env: input.env,
    stdin: input.stdin,
    write,
    clocks: input.deterministic ? stillClocks() : realClocks(),
    random: input.deterministic ? seededRandom() : trueRandom,
  };
}

function realClocks(): WasiClocks {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  return {
    realtime: () => BigInt(Math.round(Date.now() * 1e6)),
    monotonic: () => BigInt(Math.round(performance.now() * 1e6)),
    sleep: (nanoseconds) => void Atomics.wait(cell, 0, 0, Number(nanoseconds) / 1e6),
  };
}

/** 2020-01-01; only sleeping moves it on. */
const stillStart = 1_577_836_800_000_000_000n;

function stillClocks(): WasiClocks {
  let slept = 0n;
  return {
    realtime: () => stillStart + slept,
    monotonic: () => slept,
    sleep: (nanoseconds) => void (slept += nanoseconds),
  };
}

/** The system gives 64 KiB at once. */
function trueRandom(into: Uint8Array): void {
  for (let at = 0; at < into.length; at += 65_536) {
    const part = crypto.getRandomValues(new Uint8Array(Math.min(65_536, into.length - at)));
    into.set(part, at);
  }
}

/** The same bytes in every run, and no secret: xorshift64*. */
function seededRandom(): (into: Uint8Array) => void {
  let state = 0x9e37_79b9_7f4a_7c15n;
  return (into) => {
    for (let i = 0; i < into.length; i++) {
      state ^= state >> 12n;
      state = BigInt.asUintN(64, state ^ (state << 25n));
      state ^= state >> 27n;
      into[i] = Number(BigInt.asUintN(64, state * 0x2545_f491_4f6c_dd1dn) >> 56n);
    }
  };
}
