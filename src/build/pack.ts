/**
 * Makes the executable of a bundle: the runtime with the program in it or beside it, and on Linux
 * the static launcher around both. Both kinds of runtime go the same way. Elsewhere what
 * `deno compile` makes is the executable, and runtime and program in two become a script.
 *
 * @module
 */

import { join } from "node:path";
import { compressFrames } from "./compress.ts";
import { compileDenort } from "./denort.ts";
import { compileLauncher } from "./launcher.ts";
import { npmRuntime } from "./npm_runtime.ts";
import { assemble, type Part } from "./payload.ts";
import { runtimeArgs } from "./runtime_args.ts";
import { selfExtracting } from "./self_extract.ts";
import type { LinuxParts, Target } from "./targets.ts";
import { checkToolchain, libraryFile } from "./toolchain.ts";

/** Where the runtime comes from: `deno compile`, or the npm package. */
export type RuntimeKind = "denort" | "npm";

/** What is packed. */
export interface PackOptions {
  readonly target: Target;
  readonly runtime: RuntimeKind;
  readonly bundle: string;
  readonly cache: string;
  readonly epoch: number;
  readonly signal?: AbortSignal;
}

/** The bytes of an executable; no parts where it has no launcher. */
export interface PackedProgram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly parts: readonly Part[];
}

/** A runtime with its program: two files, or one that embeds the other. */
interface RunnableProgram {
  readonly runtime: Uint8Array<ArrayBuffer>;
  readonly program?: Uint8Array<ArrayBuffer>;
  readonly args: readonly string[];
}

/**
 * Refuses what can't be packed here, before anything is built.
 *
 * @throws {PlasmdError} `config`
 */
export function checkPackable({ target }: Pick<PackOptions, "target">): void {
  if (target.linux !== undefined) checkToolchain(target.linux);
}

/** Packs a bundle for a target. */
export async function packProgram(options: PackOptions): Promise<PackedProgram> {
  const { target, runtime } = options;
  const runnable = runtime === "npm" ? await npmProgram(options) : await denortProgram(options);
  if (target.linux !== undefined) return await wrap(target.linux, runnable, options);
  const { runtime: bytes, program, args } = runnable;
  if (program === undefined) return { bytes, parts: [] };
  return { bytes: await selfExtracting({ runtime: bytes, program, args }), parts: [] };
}

async function npmProgram(options: PackOptions): Promise<RunnableProgram> {
  return {
    runtime: await Deno.readFile(await npmRuntime(options.target, options)),
    program: await Deno.readFile(options.bundle),
    args: [...runtimeArgs, "@"],
  };
}

async function denortProgram(options: PackOptions): Promise<RunnableProgram> {
  const directory = await Deno.makeTempDir({ prefix: "plasmd-denort-" });
  try {
    const output = join(directory, "plasmd");
    await compileDenort({ ...options, output });
    return { runtime: await Deno.readFile(output), args: [] };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function wrap(
  linux: LinuxParts,
  { runtime, program, args }: RunnableProgram,
  { cache, signal }: PackOptions,
): Promise<PackedProgram> {
  const part = async (name: string, role: Part["role"], bytes: Uint8Array): Promise<Part> => ({
    name,
    role,
    size: bytes.length,
    frames: await compressFrames(bytes, { cache: join(cache, "frames") }),
  });
  const library = async (name: string) => await Deno.readFile(await libraryFile(linux, name));
  const parts = [
    await part(linux.loader, "loader", await library(linux.loader)),
    ...await Promise.all(
      linux.libraries.map(async (name) => await part(name, "library", await library(name))),
    ),
    await part("runtime", "runtime", runtime),
    ...program === undefined ? [] : [await part("plasmd.js", "program", program)],
  ];
  const launcher = await compileLauncher(linux, { signal });
  return { bytes: assemble({ launcher, parts, args }), parts };
}
