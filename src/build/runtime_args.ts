/**
 * The flags with which a plain runtime runs the bundle from a descriptor. The launcher passes
 * exactly these; so do the tests.
 *
 * @module
 */

/** The arguments before the bundle's path; the program's own follow it. */
export const runtimeArgs: readonly string[] = [
  "run",
  "--allow-all",
  "--no-prompt",
  // Nothing of the directory that it is started in may change what it does.
  "--no-config",
  "--no-lock",
  "--no-npm",
  "--no-remote",
  "--cached-only",
  "--unstable-worker-options",
  "--ext=js",
];
