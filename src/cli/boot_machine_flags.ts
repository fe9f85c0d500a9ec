/**
 * The flags that name another machine's files, cheap to load.
 *
 * @module
 */

import { textFlag } from "./command.ts";

/** `--cmdline-file` and `--settings`, for another machine's files. */
export const machineFlags = {
  cmdlineFile: textFlag("The running kernel's command line; default: /proc/cmdline", "FILE"),
  settings: textFlag("The boot image's settings; default: /etc/phase", "DIR"),
} as const;

/** The values of {@linkcode machineFlags}. */
export type MachineFlags = {
  readonly cmdlineFile?: string;
  readonly settings?: string;
};
