/**
 * A component that was made ready to run, as bytes: a length, a head in JSON, then script and
 * modules one behind the other.
 *
 * @module
 */

import { PlasmdError } from "../../lib/errors.ts";
import { jobLimits } from "../../lib/limits.ts";
import type { Transpiled } from "./transpiled.ts";

/** The head: lengths of what follows. */
interface Head {
  readonly run: string;
  readonly script: number;
  readonly cores: readonly (readonly [string, number])[];
}

const lengthBytes = 4;

/** Bytes that a packed component has at most, its head included. */
export const packedBytes: number = jobLimits.transpiledBytes + jobLimits.frameHeadBytes;

/** Packs a component. */
export function packTranspiled({ script, cores, run }: Transpiled): Uint8Array<ArrayBuffer> {
  const lengths = [...cores].map(([name, { length }]) => [name, length] as const);
  const head: Head = { run, script: script.length, cores: lengths };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const parts = [text, script, ...cores.values()];
  const packed = new Uint8Array(parts.reduce((sum, { length }) => sum + length, lengthBytes));
  new DataView(packed.buffer).setUint32(0, text.length, true);
  let at = lengthBytes;
  for (const part of parts) {
    packed.set(part, at);
    at += part.length;
  }
  return packed;
}

/**
 * What was packed.
 *
 * @throws {PlasmdError} `malformed`
 */
export function unpackTranspiled(packed: Uint8Array): Transpiled {
  let at = 0;
  const take = (length: number) => {
    if (length > packed.length - at) refuse();
    return packed.subarray(at, at += length);
  };
  const length = take(lengthBytes);
  const view = new DataView(length.buffer, length.byteOffset, lengthBytes);
  const { run, script, cores } = parseHead(take(view.getUint32(0, true)));
  const transpiled = {
    run,
    script: take(script),
    cores: new Map(cores.map(([name, size]) => [name, take(size)])),
  };
  if (at !== packed.length || transpiled.cores.size !== cores.length) refuse();
  return transpiled;
}

function parseHead(bytes: Uint8Array): Head {
  try {
    const head = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (isHead(head)) return head;
  } catch {
    // Said below.
  }
  refuse();
}

function isHead(value: unknown): value is Head {
  if (typeof value !== "object" || value === null) return false;
  const { run, script, cores } = value as Record<keyof Head, unknown>;
  return typeof run === "string" && isLength(script) && Array.isArray(cores) &&
    cores.every((core) =>
      Array.isArray(core) && core.length === 2 && typeof core[0] === "string" && isLength(core[1])
    );
}

function isLength(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function refuse(): never {
  throw new PlasmdError("malformed", "A component that was made ready is damaged");
}
