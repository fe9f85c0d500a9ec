/**
 * Hashed files and the snapshot that is served of them.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { manifestPrefix, validSigners } from "../formats/signed.ts";
import { parseTime } from "../formats/time.ts";
import type { Identity } from "../identity/key_file.ts";
import type { Deps } from "../lib/deps.ts";
import { formatLimits } from "../lib/limits.ts";
import { decideManifest } from "./decide.ts";
import type { HashedSet } from "./hashed_set.ts";
import { readKept } from "./kept.ts";
import type { PublishOptions } from "./publish.ts";
import type { Snapshot } from "./snapshot.ts";

/** What is served of one channel and arch, with what it was made of. */
export interface Image {
  readonly hashed: HashedSet;
  readonly snapshot: Snapshot;
  /** Whether the manifest was signed just now, and has to be kept. */
  readonly signed: boolean;
  /** Whether our own signature is on the manifest. */
  readonly own: boolean;
  /** When it is to be signed again, in milliseconds since 1970; never for another publisher's. */
  readonly signAt?: number;
}

/** How an image's manifest is chosen. */
export interface ImageOptions {
  readonly identity: Identity;
  readonly stateDir: string;
  /** What the operator asks for. */
  readonly wanted: Omit<PublishOptions, "lastSequence" | "extra">;
  /** The highest sequence that was signed for this channel and arch since the start. */
  readonly lastSequence?: number;
  /** What is served now. */
  readonly before?: Snapshot;
}

/**
 * Chooses a manifest for hashed files, and signs one where none fits. It is not kept yet.
 *
 * @throws {PlasmdError} `mismatch`, `config`, `failed`
 */
export async function makeImage(
  hashed: HashedSet,
  { identity, stateDir, wanted, lastSequence, before }: ImageOptions,
  deps: Deps,
): Promise<Image> {
  const { set: { channel, arch }, hashes } = hashed;
  const now = deps.clock.now();
  const found = hashed.found && { ...hashed.found };
  // It may have expired since it was read.
  if (found?.own && parseTime(found.manifest.expires_at)! <= now) delete found.verified;
  const kept = await readKept(stateDir, hashed.set, deps);
  const { verified: manifest, signed } = decideManifest(
    // Where nothing can be kept, what is served is the last that was signed.
    {
      hashes,
      found,
      kept: kept ?? ownBytes(before, identity),
      identity,
      wanted,
      lastSequence,
      now,
    },
    deps,
  );
  const same = before !== undefined && sameManifest(before.manifest, manifest);
  const own = isOwn(manifest.manifest, identity);
  return {
    hashed,
    signed,
    own,
    signAt: own ? signingTime(manifest.manifest, identity) : undefined,
    snapshot: {
      channel,
      arch,
      manifest,
      // Only what the manifest names is served: nothing else was signed.
      artifacts: new Map(
        [...hashed.artifacts].filter(([name]) => manifest.manifest.artifacts[name] !== undefined),
      ),
      madeAt: same ? before.madeAt : now,
    },
  };
}

/**
 * Whether it is time to sign again: half of the manifest's life is over, or the clock went back so
 * far that clients would take the manifest for one of the future.
 */
export function signingIsDue({ signAt, snapshot }: Image, now: number): boolean {
  if (signAt === undefined) return false;
  const created = parseTime(snapshot.manifest.manifest.created_at)!;
  return now >= signAt || created > now + formatLimits.createdAheadMs;
}

/** Whether two manifests are one, signatures included. */
export function sameManifest(a: Snapshot["manifest"], b: Snapshot["manifest"]): boolean {
  return a.id === b.id && Buffer.compare(a.bytes, b.bytes) === 0;
}

function ownBytes(before: Snapshot | undefined, identity: Identity): Uint8Array | undefined {
  const own = before !== undefined && isOwn(before.manifest.manifest, identity);
  return own ? before.manifest.bytes : undefined;
}

function isOwn(manifest: Snapshot["manifest"]["manifest"], { keyid }: Identity): boolean {
  return validSigners(manifestPrefix, manifest).includes(keyid);
}

/** DESIGN 5: at half time; what others signed too is served as long as it is valid. */
function signingTime(manifest: Snapshot["manifest"]["manifest"], { keyid }: Identity): number {
  const created = parseTime(manifest.created_at)!;
  const expires = parseTime(manifest.expires_at)!;
  const alone = validSigners(manifestPrefix, manifest).every((signer) => signer === keyid);
  return alone ? created + (expires - created) / 2 : expires;
}
