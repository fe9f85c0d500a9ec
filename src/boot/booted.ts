/**
 * What this system was booted from: the handover, verified again before anybody relies on it.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type ArtifactName, artifactNames } from "../formats/names.ts";
import { equalBytes } from "../lib/bytes.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere } from "../lib/files.ts";
import { bootLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { fetchArtifacts } from "../transfer/fetch.ts";
import { httpOrigin } from "../transfer/http_source.ts";
import { limitsOf, type TransferLimits } from "../transfer/limits.ts";
import { manifestUrl } from "../transfer/manifest_source.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import type { VerifiedManifest } from "../trust/verified.ts";
import { nobodyAccepted } from "./choose.ts";
import { gather } from "./gather.ts";
import { parseOrigins } from "./origins.ts";
import { bootVerify } from "./verify.ts";

/** How a handover is verified. */
export interface BootedOptions {
  readonly policy: TrustPolicy | undefined;
  /** Milliseconds since 1970. */
  readonly buildTime?: number;
  readonly stateDir: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number, label: string) => void;
  readonly limits?: Partial<TransferLimits>;
}

/** A verified handover. */
export interface BootedFrom {
  readonly verified: VerifiedManifest;
  /** URLs of the providers that served it; nobody signed them. */
  readonly providers: readonly string[];
  /** The artifacts that are there, each of them verified. */
  readonly present: readonly ArtifactName[];
  /** Those that the manifest names and that are not there. */
  readonly missing: readonly ArtifactName[];
}

/**
 * Verifies a handover: its manifest under today's policy, then every file that is there.
 *
 * @throws {PlasmdError} `nothing_found` where there is none; what verification says
 */
export async function readBooted(
  directory: string,
  options: BootedOptions,
  deps: Deps,
): Promise<BootedFrom> {
  if (!await isThere(join(directory, "manifest.json"))) {
    throw new PlasmdError("nothing_found", `There is no handover in "${printable(directory)}"`, {
      hint: "this machine was not started by plasmd boot",
    });
  }
  const artifacts: ArtifactName[] = [];
  for (const name of artifactNames) {
    if (await isThere(join(directory, name))) artifacts.push(name);
  }
  const { verified } = await bootVerify(directory, { ...options, artifacts }, deps);
  return {
    verified,
    providers: await readProviders(directory),
    present: artifacts,
    missing: artifactNames.filter((name) =>
      verified.manifest.artifacts[name] !== undefined && !artifacts.includes(name)
    ),
  };
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}

async function readProviders(directory: string): Promise<readonly string[]> {
  const path = join(directory, "origins.json");
  const bytes = await readBoundedIfThere(path, bootLimits.imageFileBytes);
  return bytes === undefined ? [] : parseOrigins(bytes).providers;
}

/**
 * Fetches what a handover lacks, from providers that still serve the very same manifest.
 *
 * @throws {PlasmdError} `unreachable`, `bad_source` or `transfer` where nobody can deliver
 */
export async function refillBooted(
  directory: string,
  booted: BootedFrom,
  options: BootedOptions,
  deps: Deps,
): Promise<void> {
  if (booted.missing.length === 0) return;
  const limits = limitsOf(options.limits);
  const origins = await sameProviders(booted, { limits, signal: options.signal }, deps);
  await fetchArtifacts(booted.verified, {
    ...options,
    origins: origins.map((url) => httpOrigin(url, deps, limits)),
    output: directory,
  }, deps);
}

async function sameProviders(
  { verified, providers }: BootedFrom,
  ask: { readonly limits: TransferLimits; readonly signal: AbortSignal },
  deps: Deps,
): Promise<URL[]> {
  if (providers.length === 0) {
    throw new PlasmdError("nothing_found", "The handover names no provider to fetch from");
  }
  const { channel, arch } = verified.manifest;
  const urls = providers.map((url) => manifestUrl(new URL(url), { channel, arch }));
  const judge = (bytes: Uint8Array) => {
    // DESIGN 9: no chunk from an origin that hasn't served the verified manifest.
    if (equalBytes(bytes, verified.bytes)) return Promise.resolve(true);
    return Promise.reject(new PlasmdError("bad_source", "serves another manifest by now"));
  };
  const { accepted, refused } = await gather(urls, judge, ask, deps);
  if (accepted.length === 0) throw nobodyAccepted(refused);
  return accepted.map(({ url }) => url);
}
