/**
 * Where a booted system's files came from: `origins.json` of a handover. Nobody signed it, so it is
 * a hint for fetching again and nothing else.
 *
 * @module
 */

import { type ArtifactName, artifactNames } from "../formats/names.ts";
import { canonicalBytes, parseCanonical } from "../formats/json.ts";
import { PlasmdError } from "../lib/errors.ts";
import { bootLimits, transferLimits } from "../lib/limits.ts";
import { isProviderUrl } from "./cmdline.ts";

/** What a handover says of its files. */
export interface Origins {
  /** URLs of the providers that served them. */
  readonly providers: readonly string[];
  /** Artifacts of the manifest that were too large to hand over. */
  readonly leftOut: readonly ArtifactName[];
}

/**
 * The bytes of `origins.json`. Providers that its reader would refuse, or beyond its limit, are left
 * out: a hint must not cost the next system its handover.
 */
export function originsBytes({ providers, leftOut }: Origins): Uint8Array {
  const readable = providers.filter(isProviderUrl).slice(0, transferLimits.providers);
  return canonicalBytes({ origins_version: 1, providers: readable, left_out: [...leftOut] });
}

/**
 * Reads `origins.json`.
 *
 * @throws {PlasmdError} `malformed` or `too_large`
 */
export function parseOrigins(bytes: Uint8Array): Origins {
  const what = "origins.json";
  const value = parseCanonical(bytes, { what, max: bootLimits.imageFileBytes });
  const providers = stringsOf(value.providers);
  const leftOut = stringsOf(value.left_out);
  const good = value.origins_version === 1 &&
    providers !== undefined && providers.length <= transferLimits.providers &&
    providers.every(isProviderUrl) &&
    leftOut !== undefined && leftOut.every(isArtifactName);
  if (good) return { providers, leftOut };
  throw new PlasmdError("malformed", `Cannot use ${what}: it is not of the expected form`);
}

function stringsOf(value: unknown): string[] | undefined {
  const strings = Array.isArray(value) && value.every((item) => typeof item === "string");
  return strings ? value as string[] : undefined;
}

function isArtifactName(text: string): text is ArtifactName {
  return (artifactNames as readonly string[]).includes(text);
}
