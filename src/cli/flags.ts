/**
 * Flags that several commands share, so that one name means one thing.
 *
 * @module
 */

import { type Arch, arches, parseArch, parseChannel } from "../formats/names.ts";

/** `--channel C`, required to be a channel's name. */
export const channelFlag = {
  kind: "parsed",
  parse: parseChannel,
  brief: "The channel, like stable or testing",
  placeholder: "C",
  optional: true,
} as const;

/** `--arch A`; `aarch64` and `amd64` are understood too. */
export const archFlag = {
  kind: "parsed",
  parse: parseArch,
  proposeCompletions: (): readonly Arch[] => arches,
  brief: "arm64 or x86_64",
  placeholder: "A",
  optional: true,
} as const;
