/**
 * `boot fetch`: providers → the best manifest that the policy accepts → its files, verified.
 *
 * @module
 */

import { parseManifest } from "../formats/manifest.ts";
import { type Arch, archOf, type ArtifactName, isChannel } from "../formats/names.ts";
import { manifestPrefix, validSigners } from "../formats/signed.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { fetchArtifacts } from "../transfer/fetch.ts";
import { parseUrl } from "../transfer/http_client.ts";
import { httpOrigin } from "../transfer/http_source.ts";
import { limitsOf, type TransferLimits } from "../transfer/limits.ts";
import { manifestUrl } from "../transfer/manifest_source.ts";
import type { Dropped, FetchReport } from "../transfer/report.ts";
import { openFloors } from "../trust/floor.ts";
import { noPolicyError } from "../trust/load_policy.ts";
import { policyFromKeys, type TrustPolicy } from "../trust/policy.ts";
import type { VerifiedManifest } from "../trust/verified.ts";
import { choose, nobodyAccepted } from "./choose.ts";
import { type Accepted, gather, type Gathered, type Refused } from "./gather.ts";

/** What to fetch, from whom, and whom to trust. */
export interface BootFetchOptions {
  /** URLs of providers or of their manifests; at least one. */
  readonly urls: readonly string[];
  /** Whom to trust. Without one nothing is fetched. */
  readonly policy?: TrustPolicy;
  /** Trust the only signer where there is no policy; told of it before anything is fetched. */
  readonly onFirstUse?: (keyid: string) => void;
  readonly output: string;
  /** The channel that must be served; by default the one that the URL names, if it does. */
  readonly channel?: string;
  /** The same for the arch. */
  readonly arch?: Arch;
  readonly artifacts?: readonly ArtifactName[];
  /** Bytes a second, at most. */
  readonly limitRate?: number;
  readonly allowRollback?: boolean;
  /** When this boot image was built, in milliseconds since 1970. */
  readonly buildTime?: number;
  /** Told which manifest is taken before its files are; what it throws ends the fetch. */
  readonly onChosen?: (verified: VerifiedManifest) => void;
  /** Where the last accepted manifests are kept. */
  readonly stateDir: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number, label: string) => void;
  /** Told of each provider that is given up. */
  readonly onDrop?: (dropped: Dropped) => void;
  /** Told of what is worth a warning. */
  readonly onWarning?: (message: string) => void;
  readonly limits?: Partial<TransferLimits>;
}

/** What a fetch came to. */
export interface FetchOutcome extends FetchReport {
  readonly verified: VerifiedManifest;
  /** Whether an older image will be refused from now on. */
  readonly floorKept: boolean;
  readonly durationMs: number;
}

/**
 * Fetches the newest image that the policy accepts.
 *
 * @throws {PlasmdError} `usage` for URLs; `no_policy` where nothing says whom to trust; what
 * verification says where it refuses all manifests; `unreachable`, `bad_source` or `transfer` where
 * providers fail; the errors of the output directory; the signal's reason
 */
export async function bootFetch(options: BootFetchOptions, deps: Deps): Promise<FetchOutcome> {
  const startedAt = deps.clock.steady();
  const limits = limitsOf(options.limits);
  const floors = openFloors(options.stateDir, deps);
  const targets = targetsOf(options);
  const judge = (bytes: Uint8Array, policy: TrustPolicy) =>
    floors.verify(bytes, {
      ...targets.asked,
      policy,
      now: deps.clock.now(),
      buildTime,
      allowRollback,
    });
  const { allowRollback, buildTime, policy } = options;
  const ask = { limits, signal: options.signal };
  const gathered = policy
    ? await gather(targets.urls, (bytes) => judge(bytes, policy), ask, deps)
    : await firstUse(await gather(targets.urls, signersOf, ask, deps), judge, options);
  const choice = choose(gathered.accepted);
  if (choice === undefined) throw nobodyAccepted(gathered.refused);
  const dropped = [...gathered.refused, ...choice.others].map(droppedOf);
  for (const each of dropped) options.onDrop?.(each);
  options.onChosen?.(choice.verified);
  const origins = choice.urls.map((url) => httpOrigin(url, deps, limits));
  const report = await fetchArtifacts(choice.verified, {
    ...options,
    origins,
    onDrop: (origin, error) =>
      options.onDrop?.({ name: origin.name, code: error.code, reason: error.message }),
  }, deps);
  const floorKept = await keepFloor(() => floors.accept(choice.verified), options);
  return {
    ...report,
    dropped: [...dropped, ...report.dropped],
    verified: choice.verified,
    floorKept,
    durationMs: deps.clock.steady() - startedAt,
  };
}

interface Targets {
  readonly urls: readonly URL[];
  /** The channel and arch that were asked for. DESIGN 5. */
  readonly asked: { readonly channel?: string; readonly arch?: Arch };
}

function targetsOf({ urls, channel, arch }: BootFetchOptions): Targets {
  const parsed = urls.map(parseUrl);
  if (parsed.length === 0) {
    throw new PlasmdError("usage", "No provider is named", {
      hint: "name one: plasmd boot fetch http://192.0.2.1:8080 --trust KEYID --output DIR",
    });
  }
  const named = parsed.map(namedIn).find((name) => name !== undefined);
  const asked = { channel: channel ?? named?.channel, arch: arch ?? named?.arch };
  const route = channel !== undefined && arch !== undefined ? { channel, arch } : undefined;
  const manifests = new Map(parsed.map((url) => {
    const found = manifestUrl(url, route);
    return [found.href, found];
  }));
  return { urls: [...manifests.values()], asked };
}

/** The channel and arch in `/{channel}/{arch}/manifest.json`, where a URL ends so. */
function namedIn(url: URL): { channel: string; arch: Arch } | undefined {
  const [channel, word] = url.pathname.split("/").slice(-3);
  const arch = archOf(word ?? "");
  return channel !== undefined && isChannel(channel) && arch ? { channel, arch } : undefined;
}

/** A manifest that nobody has verified yet, and who has signed it. */
interface Signed {
  readonly bytes: Uint8Array;
  readonly signers: readonly string[];
}

function signersOf(bytes: Uint8Array): Promise<Signed> {
  return Promise.resolve().then(() => ({
    bytes,
    signers: validSigners(manifestPrefix, parseManifest(bytes)),
  }));
}

/** DESIGN 5: no policy, no fetch; the first key is pinned only where the caller said so. */
async function firstUse(
  { accepted, refused }: Gathered<Signed>,
  judge: (bytes: Uint8Array, policy: TrustPolicy) => Promise<VerifiedManifest>,
  { onFirstUse }: BootFetchOptions,
): Promise<Gathered<VerifiedManifest>> {
  const seen = [...new Set(accepted.flatMap(({ value }) => value.signers))];
  if (onFirstUse === undefined) throw noPolicyError(seen);
  if (accepted.length === 0) throw nobodyAccepted(refused);
  if (seen.length !== 1) {
    throw new PlasmdError(
      "no_policy",
      `Cannot trust on first use: ${seen.length} keys have signed`,
      {
        hint: noPolicyError(seen).hint,
      },
    );
  }
  onFirstUse(seen[0]!);
  const policy = policyFromKeys(seen, { source: "first use" });
  const verified: Accepted<VerifiedManifest>[] = [];
  const wrong: Refused[] = [...refused];
  for (const { url, value } of accepted) {
    try {
      verified.push({ url, value: await judge(value.bytes, policy) });
    } catch (thrown) {
      wrong.push({ url, error: toPlasmdError(thrown) });
    }
  }
  return { accepted: verified, refused: wrong };
}

function droppedOf({ url, error }: Refused): Dropped {
  return { name: url.origin, code: error.code, reason: error.message };
}

async function keepFloor(
  accept: () => Promise<void>,
  { onWarning }: BootFetchOptions,
): Promise<boolean> {
  try {
    await accept();
    return true;
  } catch (thrown) {
    // DESIGN 10: it works where nothing can be kept, but an older image isn't refused then.
    const { message } = toPlasmdError(thrown);
    onWarning?.(`An older image can't be refused later: ${message}`);
    return false;
  }
}
