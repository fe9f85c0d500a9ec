/**
 * Which manifest is served for an image: another publisher's as it is, our last one again, or a new
 * one. DESIGN 5 and 6.
 *
 * @module
 */

import { parseManifest } from "../formats/manifest.ts";
import { manifestPrefix, sign, validSigners } from "../formats/signed.ts";
import { parseTime } from "../formats/time.ts";
import type { Identity } from "../identity/key_file.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import type { Log } from "../lib/log.ts";
import { printable } from "../lib/text.ts";
import { policyFromKeys } from "../trust/policy.ts";
import type { VerifiedManifest } from "../trust/verified.ts";
import { verifyManifest } from "../trust/verify.ts";
import type { FoundManifest } from "./found.ts";
import { describesExactly, differenceFrom } from "./matches.ts";
import { describeImage, type ImageHashes, type PublishOptions, unknownMembers } from "./publish.ts";
import { checkSigner, sameKeyLists } from "./publisher_keys.ts";

/** What is known about an image when a manifest is chosen for it. */
export interface Candidates {
  readonly hashes: ImageHashes;
  /** The manifest that lies beside the files. */
  readonly found?: FoundManifest;
  /** The bytes of the one that we signed last. */
  readonly kept?: Uint8Array;
  readonly identity: Identity;
  /** What the operator asks for. */
  readonly wanted: Omit<PublishOptions, "lastSequence" | "extra">;
  /** A sequence that we have signed already, though nothing else may tell of it. */
  readonly lastSequence?: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The manifest to serve. */
export interface Decision {
  readonly verified: VerifiedManifest;
  /** Whether it was signed just now. */
  readonly signed: boolean;
}

/**
 * Chooses the manifest of an image.
 *
 * @throws {PlasmdError} `mismatch` where another publisher's manifest isn't about these files;
 *   `config`, `failed` where none can be signed
 */
export function decideManifest(candidates: Candidates, { log }: { readonly log: Log }): Decision {
  const { found, hashes } = candidates;
  if (found !== undefined && !found.own) {
    return { verified: mirrored(found, hashes), signed: false };
  }
  const kept = ownKept(candidates, log);
  const wanted = wantedOf(candidates);
  // The higher sequence first: clients may have seen it.
  const again = [found?.verified, kept]
    .filter((one) => one !== undefined)
    .sort((a, b) => b.manifest.sequence - a.manifest.sequence)
    .find((one) => isStillGood(one, wanted, candidates));
  if (again !== undefined) return { verified: again, signed: false };
  const lastSequence = Math.max(
    found?.manifest.sequence ?? 0,
    kept?.manifest.sequence ?? sequenceOf(candidates.kept),
    candidates.lastSequence ?? 0,
  );
  return { verified: publish(candidates, { ...wanted, lastSequence }, log), signed: true };
}

/** DESIGN 6: served as is, or not at all. */
function mirrored({ file, verified }: FoundManifest, hashes: ImageHashes): VerifiedManifest {
  const difference = verified && differenceFrom(verified.manifest, hashes);
  if (verified !== undefined && difference === undefined) return verified;
  throw new PlasmdError(
    "mismatch",
    `The files are not those of "${printable(file)}": ${difference?.artifact}: ` +
      `${difference?.problem}`,
    {
      hint: "get the manifest and its files again from its publisher\n" +
        "without the manifest, the files are published under this machine's own key",
      blame: "user",
    },
  );
}

/** Our last manifest for this target, while it is still valid. */
function ownKept(
  { kept, identity, wanted: { channel, arch }, now }: Candidates,
  log: Log,
): VerifiedManifest | undefined {
  if (kept === undefined) return undefined;
  try {
    const policy = policyFromKeys([identity.keyid], { source: "this machine's key" });
    return verifyManifest(kept, { policy, channel, arch, now });
  } catch (thrown) {
    log.info("The last signed manifest is not served again", {
      channel,
      arch,
      reason: toPlasmdError(thrown).message,
    });
  }
}

/** The sequence of a manifest that we signed and that has expired, or 0. */
function sequenceOf(bytes: Uint8Array | undefined): number {
  try {
    return bytes === undefined ? 0 : parseManifest(bytes).sequence;
  } catch {
    return 0;
  }
}

/** What the operator asks for, and where nothing is asked, what our manifest on disk said. */
function wantedOf({ wanted, found, hashes }: Candidates): PublishOptions {
  if (found === undefined) return wanted;
  const same = describesExactly(found.manifest, hashes);
  return {
    ...wanted,
    cmdline: wanted.cmdline ?? found.manifest.cmdline,
    imageVersion: wanted.imageVersion ?? (same ? found.manifest.version : undefined),
    keyLists: wanted.keyLists ?? found.manifest.key_lists,
    extra: unknownMembers(found.manifest),
  };
}

function isStillGood(
  { manifest }: VerifiedManifest,
  wanted: PublishOptions,
  { hashes, identity, now }: Candidates,
): boolean {
  if (!describesExactly(manifest, hashes)) return false;
  if (manifest.cmdline !== wanted.cmdline) return false;
  if (!sameKeyLists(manifest.key_lists, wanted.keyLists)) return false;
  if (wanted.imageVersion !== undefined && manifest.version !== wanted.imageVersion) return false;
  // What others signed too, we can't sign again for them: it is served as long as it is valid.
  if (validSigners(manifestPrefix, manifest).some((keyid) => keyid !== identity.keyid)) return true;
  const created = parseTime(manifest.created_at)!;
  const lifetime = parseTime(manifest.expires_at)! - created;
  if (wanted.lifetimeMs !== undefined && lifetime !== wanted.lifetimeMs) return false;
  // DESIGN 5: signed again at half time.
  return now < created + lifetime / 2;
}

/** Signs a new manifest, and verifies it like a client would. */
function publish(
  { hashes, identity, now }: Candidates,
  options: PublishOptions,
  log: Log,
): VerifiedManifest {
  if (options.keyLists !== undefined) checkSigner(options.keyLists, identity.keyid);
  const bytes = sign(manifestPrefix, describeImage(hashes, options, now), [identity]);
  const policy = policyFromKeys([identity.keyid], { source: "this machine's key" });
  const { channel, arch } = options;
  const verified = verifyManifest(bytes, { policy, channel, arch, now });
  warnOfList(verified, log);
  return verified;
}

/** Clients that follow key lists refuse the manifest from the day on which the last list expires. */
function warnOfList({ manifest }: VerifiedManifest, log: Log): void {
  const { channel, arch, expires_at, key_lists } = manifest;
  const list = key_lists?.at(-1);
  if (list === undefined || parseTime(list.expires_at)! >= parseTime(expires_at)!) return;
  log.warn("The key list expires before the manifest does: make the next one", {
    channel,
    arch,
    list: list.list_version,
    expires: list.expires_at,
    hint: "plasmd publisher rotate FILE --key FILE",
  });
}
