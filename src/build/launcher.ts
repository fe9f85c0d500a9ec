/**
 * Compiles the static launcher.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "./run.ts";
import type { LinuxParts } from "./targets.ts";

const sources = ["cache.c", "environment.c", "main.c", "memory.c", "payload.c", "sha256.c"];

/** Compiles the launcher for a target. The same sources and compiler give the same bytes. */
export async function compileLauncher(
  { compiler }: LinuxParts,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const directory = await Deno.makeTempDir({ prefix: "plasmd-launcher-" });
  try {
    const output = join(directory, "launcher");
    await runProgram(compiler, [
      ...["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"],
      ...["-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-ffile-prefix-map=.=."],
      ...["-static-pie", "-fPIE", "-s", "-Wl,--build-id=none", "-Wl,-z,relro,-z,now"],
      ...["-o", output, ...sources, "-lzstd", "-lpthread"],
    ], { cwd: fileURLToPath(new URL("launcher/", import.meta.url)), signal });
    return await Deno.readFile(output);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
