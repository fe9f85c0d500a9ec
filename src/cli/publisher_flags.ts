/**
 * The flags that the publisher commands share.
 *
 * @module
 */

import { formatLimits } from "../lib/limits.ts";
import { jsonFlag, textFlag, textsFlag } from "./command.ts";
import { parseLifetime, parseThreshold } from "./parse.ts";

/** What a list is to say, and who signs it. */
export type ListFlags = {
  readonly root?: readonly string[];
  readonly rootThreshold?: number;
  readonly publish?: readonly string[];
  readonly publishThreshold?: number;
  readonly expiresIn?: number;
  readonly key?: readonly string[];
  readonly output?: string;
  readonly json: boolean;
};

const threshold = {
  kind: "parsed",
  parse: parseThreshold,
  placeholder: "N",
  optional: true,
} as const;

/** `--root`, `--root-threshold`, `--publish` and `--publish-threshold`. */
export const roleFlags = {
  root: textsFlag("A key that signs key lists; may be given several times", "KEYID"),
  rootThreshold: { ...threshold, brief: "How many root keys must sign a list" },
  publish: textsFlag("A key that signs manifests; may be given several times", "KEYID"),
  publishThreshold: { ...threshold, brief: "How many publish keys must sign a manifest" },
} as const;

/** `--expires-in`, `--key`, `--output` and `--json`. */
export const listFlags = {
  expiresIn: {
    kind: "parsed",
    parse: (input: string): number => parseLifetime(input, formatLimits.listLifetimeMs),
    brief: "How long the list is valid: 90d; at most 366d; default: 183d",
    placeholder: "TIME",
    optional: true,
  },
  key: textsFlag("A root key's file that signs the list; may be given several times", "FILE"),
  output: textFlag("Where the lists go, instead of the same file", "FILE"),
  json: jsonFlag,
} as const;

/** The file of key lists. */
export const listsFile = {
  brief: "The file of key lists",
  placeholder: "FILE",
  parse: String,
} as const;
