/**
 * How to start this program again, from the executable and from source.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The version of Deno that this program is written for. */
export const denoVersion = "2.9.5";

/** A program and its first arguments. */
export interface SelfCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** Starts this program again; the arguments of plasmd go behind `args`. */
export function selfCommand(exe: string | undefined = Deno.env.get("PLASMD_EXE")): SelfCommand {
  if (exe !== undefined) return { program: exe, args: [] };
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  return { program: Deno.execPath(), args: ["run", "-A", "--no-prompt", main] };
}

/** The same as a person would type it. */
export function selfCommandText(exe: string | undefined = Deno.env.get("PLASMD_EXE")): string {
  return exe === undefined ? `npx -y deno@${denoVersion} task plasmd` : "plasmd";
}
