/**
 * Runs a program of the build and says what it said when it fails.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program to its end and returns its stdout.
 *
 * @throws {PlasmdError} `failed` with the end of its stderr, or `unsupported` where it isn't there
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { code, stdout, stderr } = await output(program, args, options);
  if (code === 0) return stdout;
  const said = new TextDecoder().decode(stderr).trim().split("\n").slice(-20).join("\n");
  throw new PlasmdError("failed", `"${program} ${args[0] ?? ""}" ended with ${code}:\n${said}`);
}

/** The same as {@linkcode runProgram}, as text without the spaces around it. */
export async function runForText(
  program: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  return new TextDecoder().decode(await runProgram(program, args, options)).trim();
}

async function output(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command(program, {
      args: [...args],
      ...options,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    throw new PlasmdError("unsupported", `Cannot run "${program}": it is not installed`, {
      cause: thrown,
    });
  }
}
