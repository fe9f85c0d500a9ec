/**
 * Files that were hashed → a manifest that describes them. DESIGN 5.
 *
 * @module
 */

import type { KeyList } from "../formats/key_list.ts";
import {
  buildManifest,
  type Manifest,
  type ManifestArtifact,
  type ManifestFields,
} from "../formats/manifest.ts";
import { type ArtifactName, artifactNames } from "../formats/names.ts";
import { formatTime } from "../formats/time.ts";
import { toBase64 } from "../lib/bytes.ts";
import { PlasmdError } from "../lib/errors.ts";
import { formatLimits } from "../lib/limits.ts";
import { durationText } from "../lib/text.ts";
import { clockIsBehind } from "../trust/clock.ts";
import type { FileHash } from "./hash.ts";
import type { Target } from "./scan.ts";

/** The hashes of an image's files. */
export type ImageHashes = ReadonlyMap<ArtifactName, FileHash>;

/** What a publisher can say about an image. */
export interface PublishOptions extends Target {
  readonly cmdline?: string;
  /** Default: the date of publication, as 2025.11.26. */
  readonly imageVersion?: string;
  /** Milliseconds until the manifest expires. */
  readonly lifetimeMs?: number;
  /** The sequence of the last publication. */
  readonly lastSequence?: number;
  /** Who may sign manifests, for clients that pin root keys. */
  readonly keyLists?: readonly KeyList[];
  /** What an earlier manifest said that we know nothing of; it is kept. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/**
 * A manifest of these files that nobody has signed yet.
 *
 * @param now milliseconds since 1970
 * @throws {PlasmdError} `config` where an option can't be in a manifest; `failed` where this
 *   machine's clock is wrong
 */
export function describeImage(hashes: ImageHashes, options: PublishOptions, now: number): Manifest {
  const { channel, arch, cmdline, extra, imageVersion, lastSequence = 0 } = options;
  const lifetime = options.lifetimeMs ?? formatLimits.lifetimeDefaultMs;
  checkClock(now, lastSequence);
  checkLifetime(lifetime);
  const created_at = formatTime(now);
  const fields = {
    ...extra,
    version: imageVersion ?? created_at.slice(0, 10).replaceAll("-", "."),
    // DESIGN 5: it grows with every publication.
    sequence: Math.max(Math.floor(now / 1000), lastSequence + 1),
    channel,
    arch,
    created_at,
    expires_at: formatTime(now + lifetime),
    cmdline,
    artifacts: artifactsOf(hashes, options),
    key_lists: options.keyLists,
  };
  return checkedManifest(fields);
}

/** The members of a manifest that this program has no word for. */
export function unknownMembers(manifest: Manifest): Record<string, unknown> {
  const known = new Set([
    ...["version", "manifest_version", "sequence", "channel", "arch", "created_at", "expires_at"],
    ...["cmdline", "artifacts", "key_lists", "signatures"],
  ]);
  return Object.fromEntries(Object.entries(manifest).filter(([name]) => !known.has(name)));
}

/**
 * Bytes of a chunk for an artifact of this size: the usual ones, or larger where the list of hashes
 * would take more than its share of a manifest.
 */
export function chunkSizeFor(size: number): number {
  const share = formatLimits.manifestBytes / (artifactNames.length + 1);
  let chunkSize: number = formatLimits.chunkBytesDefault;
  while (chunkSize < formatLimits.chunkBytesMax && listLength(size, chunkSize) > share) {
    chunkSize *= 2;
  }
  return chunkSize;
}

/** Characters of the base64 of all chunks' hashes. */
function listLength(size: number, chunkSize: number): number {
  return 4 * Math.ceil(32 * Math.ceil(size / chunkSize) / 3);
}

function artifactsOf(hashes: ImageHashes, { channel, arch }: Target): Manifest["artifacts"] {
  const artifacts = [...hashes].map(([name, hash]): [string, ManifestArtifact] => [name, {
    hash: `sha256:${hash.digest}`,
    size: hash.size,
    path: `/${channel}/${arch}/${name}`,
    chunks: { size: hash.chunkSize, hashes: toBase64(hash.chunks) },
  }]);
  return Object.fromEntries(artifacts) as unknown as Manifest["artifacts"];
}

function checkClock(now: number, lastSequence: number): void {
  const wrong = (why: string) =>
    new PlasmdError(
      "failed",
      `Cannot publish: this machine's clock says ${formatTime(now)}${why}`,
      {
        hint: "set the clock, then try again",
        blame: "host",
      },
    );
  // A manifest from then would be expired for everybody whose clock is right.
  if (clockIsBehind({ clock: now })) throw wrong("");
  // DESIGN 5: the sequence is at most a day ahead of created_at.
  if (lastSequence + 1 > now / 1000 + formatLimits.sequenceAheadSeconds) {
    throw wrong(`, and the last publication has the sequence ${lastSequence} of a later day`);
  }
}

function checkLifetime(lifetime: number): void {
  if (lifetime >= 1000 && lifetime <= formatLimits.lifetimeMs) return;
  throw new PlasmdError(
    "config",
    `Cannot publish for ${durationText(lifetime)}: a manifest lives for 1 s to ` +
      durationText(formatLimits.lifetimeMs),
  );
}

/** A refusal is about what our user asked for, not about what a peer sent. */
function checkedManifest(fields: ManifestFields): Manifest {
  try {
    return buildManifest(fields);
  } catch (thrown) {
    if (!(thrown instanceof PlasmdError) || thrown.code !== "malformed") throw thrown;
    const message = thrown.message.replace("Cannot accept the manifest", "Cannot publish");
    throw new PlasmdError("config", message, { cause: thrown, hint: thrown.hint });
  }
}
