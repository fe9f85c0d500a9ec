/**
 * The executable where there is no launcher of ours: a script that unpacks runtime and program from
 * itself into a private cache, once, and starts them. It needs a shell, gzip and shasum, which macOS
 * has.
 *
 * @module
 */

import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { fileURLToPath } from "node:url";
import { sha256Hex } from "../lib/bytes.ts";

/** What is packed. */
export interface SelfExtracting {
  readonly runtime: Uint8Array<ArrayBuffer>;
  readonly program: Uint8Array<ArrayBuffer>;
  /** The runtime's arguments before the user's; `@` stands for the program's path. */
  readonly args: readonly string[];
}

/** Digits of the line that says how long the script is: its length must not depend on itself. */
const lengthDigits = 8;

/** The executable's bytes. The same input gives the same bytes. */
export async function selfExtracting(
  { runtime, program, args }: SelfExtracting,
): Promise<Uint8Array<ArrayBuffer>> {
  const [packedRuntime, packedProgram] = await Promise.all([pack(runtime), pack(program)]);
  const text = await Deno.readTextFile(
    fileURLToPath(new URL("launcher/self_extract.sh", import.meta.url)),
  );
  const values: Record<string, string> = {
    KEY: sha256Hex(new TextEncoder().encode(`${sha256Hex(runtime)} ${sha256Hex(program)}`)),
    RUNTIME_BYTES: `${packedRuntime.length}`,
    RUNTIME_SHA256: sha256Hex(runtime),
    PROGRAM_BYTES: `${packedProgram.length}`,
    PROGRAM_SHA256: sha256Hex(program),
    ARGS: args.map((arg) => arg === "@" ? '"$place/plasmd.js"' : quoted(arg)).join(" "),
  };
  const filled = text.replaceAll(/@([A-Z0-9_]+)@/g, (whole, name) => values[name] ?? whole);
  const length = new TextEncoder().encode(filled).length - "@SCRIPT_BYTES@".length + lengthDigits;
  const digits = `${length}`.padEnd(lengthDigits);
  const script = new TextEncoder().encode(filled.replace("@SCRIPT_BYTES@", digits));
  const bytes = new Uint8Array(script.length + packedRuntime.length + packedProgram.length);
  bytes.set(script);
  bytes.set(packedRuntime, script.length);
  bytes.set(packedProgram, script.length + packedRuntime.length);
  return bytes;
}

/** For a shell, as one word. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The header that gzip writes holds no time and always the same system. */
async function pack(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = await promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION });
  packed[9] = 255; // the system: unknown
  return packed;
}
