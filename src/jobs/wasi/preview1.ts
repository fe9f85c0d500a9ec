/**
 * WASI preview 1 for one run of a module: its imports, bound to its memory.
 *
 * @module
 */

import { errno, WasiError } from "./abi.ts";
import { descriptorCalls } from "./descriptor_calls.ts";
import { makeDescriptors } from "./descriptors.ts";
import { type Calls, type Job, ProcessExit, type WasiHost } from "./host.ts";
import { ioCalls } from "./io_calls.ts";
import { guestMemory } from "./memory.ts";
import { pathCalls } from "./path_calls.ts";
import { placeFile } from "./places.ts";
import { pollCalls } from "./poll_call.ts";
import { processCalls } from "./process_calls.ts";
import { makeTree } from "./tree.ts";

/** What a run of a module is given. */
export interface Preview1Options {
  readonly host: WasiHost;
  /** Paths like `data/in.txt` → bytes; directories are made. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Bytes that all files together may have. */
  readonly fileBytes: number;
}

/** The imports of a run. */
export interface Preview1 {
  /** Functions by name, of the module `wasi_snapshot_preview1`. */
  readonly imports: Readonly<Record<string, (...args: never[]) => number>>;
  /** Gives the calls the module's memory, once it is instantiated. */
  bind(memory: WebAssembly.Memory): void;
}

/** Makes the imports of one run. */
export function makePreview1({ host, files, fileBytes }: Preview1Options): Preview1 {
  let memory: WebAssembly.Memory | undefined;
  const tree = makeTree(fileBytes, () => host.clocks.realtime());
  for (const [path, bytes] of files) placeFile(tree, path, bytes);
  const job: Job = {
    host,
    tree,
    memory: guestMemory(() => (memory?.buffer ?? new ArrayBuffer(0)) as ArrayBuffer),
    descriptors: makeDescriptors(tree),
    stdinAt: 0,
  };
  const calls: Calls = {
    ...processCalls(job),
    ...ioCalls(job),
    ...descriptorCalls(job),
    ...pathCalls(job),
    ...pollCalls(job),
  };
  return {
    imports: Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, entry(call)])),
    bind: (given) => memory = given,
  };
}

/** The names of all calls, in order. */
export function preview1Names(): string[] {
  const host: WasiHost = {
    args: [],
    env: [],
    stdin: new Uint8Array(),
    write() {},
    clocks: { realtime: () => 0n, monotonic: () => 0n, sleep() {} },
    random() {},
  };
  return Object.keys(makePreview1({ host, files: new Map(), fileBytes: 0 }).imports).sort();
}

/** Error codes become results; an exit, and what ends the job, goes up. */
function entry(call: Calls[string]): (...args: never[]) => number {
  return (...args) => {
    try {
      return call(...args) ?? errno.success;
    } catch (thrown) {
      if (thrown instanceof WasiError) return thrown.errno;
      throw thrown;
    }
  };
}

export { ProcessExit };
