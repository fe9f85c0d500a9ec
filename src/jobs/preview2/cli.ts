/**
 * `wasi:cli` and `wasi:clocks` and `wasi:random`: what a job is given, as a component asks for it.
 *
 * @module
 */

import { ProcessExit, type WasiClocks, type WasiHost } from "../wasi/host.ts";
import { ComponentTrap } from "./failures.ts";
import { Pollable } from "./poll.ts";
import { InputStream, OutputStream } from "./streams.ts";

/** Interfaces by name: functions and classes of resources. */
export type Interfaces = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A date of `wasi:clocks/wall-clock`. */
export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

/** Nanoseconds since 1970 as a date. */
export function datetime(nanoseconds: bigint): Datetime {
  return {
    seconds: nanoseconds / 1_000_000_000n,
    nanoseconds: Number(nanoseconds % 1_000_000_000n),
  };
}

const latest = (1n << 64n) - 1n;

/** The interfaces of `wasi:cli`. */
export function cliInterfaces(host: WasiHost): Interfaces {
  let read = 0;
  const take = (most: number) => {
    if (read === host.stdin.length) return undefined;
    const bytes = host.stdin.slice(read, read + most);
    read += bytes.length;
    return bytes;
  };
  const output = (stream: "stdout" | "stderr") =>
    new OutputStream({ put: (bytes) => host.write(stream, bytes) }, host.clocks);
  class TerminalInput {}
  class TerminalOutput {}
  return {
    "wasi:cli/environment": {
      getEnvironment: () => host.env.map(([name, value]) => [name, value]),
      getArguments: () => [...host.args],
      initialCwd: () => "/",
    },
    "wasi:cli/exit": {
      exit({ tag }: { readonly tag: "ok" | "err" }) {
        throw new ProcessExit(tag === "ok" ? 0 : 1);
      },
      exitWithCode(code: number) {
        throw new ProcessExit(code);
      },
    },
    "wasi:cli/stdin": { getStdin: () => new InputStream({ take }, host.clocks) },
    "wasi:cli/stdout": { getStdout: () => output("stdout") },
    "wasi:cli/stderr": { getStderr: () => output("stderr") },
    "wasi:cli/terminal-input": { TerminalInput },
    "wasi:cli/terminal-output": { TerminalOutput },
    "wasi:cli/terminal-stdin": { getTerminalStdin: () => undefined },
    "wasi:cli/terminal-stdout": { getTerminalStdout: () => undefined },
    "wasi:cli/terminal-stderr": { getTerminalStderr: () => undefined },
  };
}

/** The interfaces of `wasi:clocks`. */
export function clockInterfaces(clocks: WasiClocks): Interfaces {
  const at = (instant: bigint) => new Pollable(clocks, instant > latest ? latest : instant);
  return {
    "wasi:clocks/monotonic-clock": {
      now: () => clocks.monotonic(),
      resolution: () => 1_000n,
      subscribeInstant: at,
      subscribeDuration: (duration: bigint) =>
        at(duration === 0n ? 0n : clocks.monotonic() + duration),
    },
    "wasi:clocks/wall-clock": {
      now: () => datetime(clocks.realtime()),
      resolution: () => datetime(1_000n),
    },
  };
}

/** The interfaces of `wasi:random`. No more than `most` bytes are given at once. */
export function randomInterfaces({ random }: Pick<WasiHost, "random">, most: number): Interfaces {
  const bytes = (length: bigint) => {
    if (length > BigInt(most)) throw new ComponentTrap("it asks for too much randomness");
    const into = new Uint8Array(Number(length));
    random(into);
    return into;
  };
  const u64 = () => new DataView(bytes(8n).buffer).getBigUint64(0, true);
  let seed: [bigint, bigint] | undefined;
  return {
    "wasi:random/random": { getRandomBytes: bytes, getRandomU64: u64 },
    "wasi:random/insecure": { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
    "wasi:random/insecure-seed": { insecureSeed: () => seed ??= [u64(), u64()] },
  };
}
