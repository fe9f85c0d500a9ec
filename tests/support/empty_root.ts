/**
 * Programs run in a root file system of their own, in a mount namespace that is gone when they end.
 *
 * @module
 */

import { follow, type Running } from "./program.ts";

/** What {@linkcode startInRoot} needs, for `needing`. */
export const rootTools: readonly string[] = ["unshare", "mount", "chroot"];

/** How a program is run in a root. */
export interface InRootOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Shell commands that run before, with the root as `$ROOT`. Default: mounts /proc. */
  readonly prepare?: string;
}

/** Mounts /proc in the root. */
export const withProc = 'mkdir -p "$ROOT/proc" && mount -t proc proc "$ROOT/proc"';

/** Starts a program in the root. */
export function startInRoot(
  root: string,
  command: readonly string[],
  { env = {}, prepare = withProc }: InRootOptions = {},
): Running {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const script = `${prepare} && exec env -i "$@"`;
  const inside = ["chroot", root, ...command];
  return follow(
    new Deno.Command("unshare", {
      args: ["--mount", "sh", "-c", script, "sh", `PATH=${hostPath}`, ...variables, ...inside],
      env: { ROOT: root, PATH: hostPath },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
}

const hostPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
