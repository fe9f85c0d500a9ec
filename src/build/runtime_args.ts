/**
 * The flags with which the runtime runs the bundle. The launcher passes exactly these to a plain
 * runtime, `deno compile` embeds them, and the tests use them too.
 *
 * @module
 */

/** Flags of the runtime, however it gets the program. */
export const runtimeFlags: readonly string[] = [
  "--allow-all",
  "--no-prompt",
  // Nothing of the directory that it is started in may change what it does.
  "--no-config",
  "--no-lock",
  "--no-npm",
  "--no-remote",
  "--cached-only",
  "--unstable-worker-options",
];

/** The arguments of a plain runtime before the bundle's path; the program's own follow it. */
export const runtimeArgs: readonly string[] = [
  "run",
  ...runtimeFlags,
  "--ext=js",
  // Without a cache directory it would complain on stderr that it has none.
  "--quiet",
];
