/**
 * Runs a bundle the way the executable does: from a file descriptor, by a runtime that finds no
 * configuration, no lock file and no package.
 *
 * @module
 */

import { follow, type Running } from "./program.ts";
import { runtimeArgs } from "../../src/build/runtime_args.ts";

/** What a program said and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the bundle to its end in a directory that must hold nothing of ours. */
export async function runFromDescriptor(
  bundle: string,
  args: readonly string[],
  place: { cwd: string },
): Promise<Ended> {
  const { code, stdout, stderr } = await commandFromDescriptor(bundle, args, place).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Starts the bundle in such a directory. */
export function startFromDescriptor(
  bundle: string,
  args: readonly string[],
  place: { cwd: string },
): Running {
  return follow(commandFromDescriptor(bundle, args, place).spawn());
}

function commandFromDescriptor(
  bundle: string,
  args: readonly string[],
  { cwd }: { cwd: string },
): Deno.Command {
  // The shell opens the file as descriptor 9; the runtime sees only the number.
  const script = 'exec 9<"$BUNDLE" && exec "$RUNTIME" "$@"';
  return new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", ...runtimeArgs, "/proc/self/fd/9", ...args],
    cwd,
    clearEnv: true,
    env: {
      BUNDLE: bundle,
      RUNTIME: Deno.execPath(),
      DENO_DIR: `${cwd}/.deno`,
      PATH: "/usr/bin:/bin",
      // A key and state of its own, whoever runs this.
      HOME: cwd,
      PLASMD_IDENTITY: `${cwd}/identity.key`,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}
