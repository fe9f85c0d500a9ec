/**
 * The names of channels, arches and artifacts.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";

/** An arch as it is written: aliases are read, never emitted. */
export type Arch = "arm64" | "x86_64";

/** The artifacts that a client knows what to do with. */
export type ArtifactName = "kernel" | "initramfs" | "rootfs";

/** In the order in which they are fetched and listed. */
export const artifactNames: readonly ArtifactName[] = ["kernel", "initramfs", "rootfs"];

/** What a worker can be found by, besides its arch: `wasm` is any of the others. */
export const runtimes = ["wasm", "v8-wasi-0.1", "v8-wasi-0.2"] as const;

/** All arches. */
export const arches: readonly Arch[] = ["arm64", "x86_64"];

const aliases: Readonly<Record<string, Arch>> = {
  arm64: "arm64",
  aarch64: "arm64",
  x86_64: "x86_64",
  amd64: "x86_64",
};

/** The arch that a name or alias means, or undefined. */
export function archOf(text: string): Arch | undefined {
  return Object.hasOwn(aliases, text) ? aliases[text] : undefined;
}

/** The arch that a name or alias means. Throws `usage` for any other text. */
export function parseArch(text: string): Arch {
  const arch = archOf(text);
  if (arch !== undefined) return arch;
  throw new PlasmdError("usage", `Unknown arch "${printable(text)}": it is arm64 or x86_64`);
}

/** The channel that is meant where none is named. DESIGN 14. */
export const defaultChannel = "stable";

/** Whether the text is a channel's name. DESIGN 1. */
export function isChannel(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,31}$/.test(text);
}

/** The text as a channel's name. Throws `usage` where it is none. */
export function parseChannel(text: string): string {
  if (isChannel(text)) return text;
  throw new PlasmdError(
    "usage",
    `Invalid channel "${printable(text)}": a channel has 1 to 32 of a-z, 0-9, ".", "_", "-"`,
  );
}

/** The arch of the running machine. */
export function machineArch(): Arch {
  return Deno.build.arch === "aarch64" ? "arm64" : "x86_64";
}
