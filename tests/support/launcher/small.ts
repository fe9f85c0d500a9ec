/**
 * A small executable made with the real launcher: its "loader" prints what it was started with, so
 * that everything that the launcher does can be seen without a runtime.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compressFrames } from "../../../src/build/compress.ts";
import { compileLauncher } from "../../../src/build/launcher.ts";
import { assemble, type Part } from "../../../src/build/payload.ts";
import { hostTarget, targetsOf } from "../../../src/build/targets.ts";
import { missingPackages } from "../../../src/build/toolchain.ts";

const [host] = targetsOf([hostTarget()]);

/** Why no launcher can be built here, or undefined. */
export const launcherMissing: string | undefined = host?.linux === undefined
  ? "no launcher for this system"
  : missingPackages(host.linux).join(", ") || undefined;

/** The bytes of a small executable. */
export async function smallExecutable(directory: string): Promise<Uint8Array<ArrayBuffer>> {
  const linux = host!.linux!;
  const probe = join(directory, "probe");
  const source = fileURLToPath(new URL("probe.c", import.meta.url));
  const built = await new Deno.Command(linux.compiler, {
    args: ["-static", "-O1", "-o", probe, source],
  }).output();
  if (!built.success) throw new Error(new TextDecoder().decode(built.stderr));
  const part = async (name: string, role: Part["role"], bytes: Uint8Array): Promise<Part> => ({
    name,
    role,
    size: bytes.length,
    // Many small frames, so that parts have several each.
    frames: await compressFrames(bytes, {
      cache: join(directory, "frames"),
      level: 3,
      frameBytes: 65_536,
    }),
  });
  const text = (words: string) => new TextEncoder().encode(words);
  const parts = [
    await part("ld.so", "loader", await Deno.readFile(probe)),
    await part("libone.so", "library", text("library one")),
    await part("libtwo.so", "library", text("library two")),
    await part("runtime", "runtime", text("the runtime")),
    await part("plasmd.js", "program", text("the program")),
  ];
  return assemble({ launcher: await compileLauncher(linux), parts, args: ["run", "--flag", "@"] });
}

/** What the small executable was started with. */
export interface Seen {
  readonly code: number;
  readonly stderr: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What each descriptor held, in the order of the command line. */
  readonly files: readonly string[];
}

/** Starts the small executable with this environment and no other. */
export async function startSmall(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: { readonly cwd?: string; readonly uid?: number } = {},
): Promise<Seen> {
  const { code, stdout, stderr } = await new Deno.Command(file, {
    args: [...args],
    env: { ...env },
    clearEnv: true,
    stdin: "null",
    ...options,
  }).output();
  const lines = new TextDecoder().decode(stdout).split("\n");
  const rest = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  return {
    code,
    stderr: new TextDecoder().decode(stderr),
    args: rest("arg"),
    env: Object.fromEntries(
      rest("env").map((pair) => {
        const at = pair.indexOf("=");
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
    ),
    files: rest("file").map((line) => line.slice(line.indexOf(" ") + 1)),
  };
}
