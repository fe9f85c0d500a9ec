/**
 * A manifest that lies beside its artifacts: our own, or another publisher's that we mirror.
 *
 * @module
 */

import { type Manifest, parseManifest } from "../formats/manifest.ts";
import { manifestPrefix, validSigners } from "../formats/signed.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readBounded } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { policyFromKeys } from "../trust/policy.ts";
import type { VerifiedManifest } from "../trust/verified.ts";
import { verifyManifest } from "../trust/verify.ts";
import type { ArtifactSet, Target } from "./scan.ts";

/** A validly signed manifest for the right channel and arch. */
export interface FoundManifest {
  readonly file: string;
  readonly manifest: Manifest;
  /** Whether our own valid signature is on it. */
  readonly own: boolean;
  /** Absent where it is our own and has expired. */
  readonly verified?: VerifiedManifest;
}

/**
 * Reads the manifest that lies in a directory of artifacts, if there is one.
 *
 * @param keyid our own
 * @param now milliseconds since 1970
 * @throws {PlasmdError} naming the file: `malformed`, `untrusted` where nobody's signature is
 *   valid, `wrong_target`, `not_yet_valid`, or `expired` where only others could sign it again
 */
export async function readFound(
  set: ArtifactSet,
  keyid: string,
  now: number,
): Promise<FoundManifest | undefined> {
  const file = set.manifestFile;
  if (file === undefined) return undefined;
  try {
    const bytes = await readManifest(file);
    const manifest = parseManifest(bytes);
    const signers = validSigners(manifestPrefix, manifest);
    if (signers.length === 0) throw unsigned(manifest);
    const own = signers.includes(keyid);
    return { file, manifest, own, verified: verified(bytes, signers, own, set, now) };
  } catch (thrown) {
    throw inFile(file, thrown, set);
  }
}

async function readManifest(file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readBounded(file, formatLimits.manifestBytes);
  } catch (thrown) {
    const { code, cause } = toPlasmdError(thrown);
    const reason = toPlasmdError(cause ?? thrown).message;
    // What is larger than any manifest is none.
    throw new PlasmdError(code === "too_large" ? "malformed" : code, reason, { cause: thrown });
  }
}

/**
 * Whose signatures count is for clients to decide, so a mirror asks only that one of those that
 * are there holds.
 */
function verified(
  bytes: Uint8Array,
  signers: readonly string[],
  own: boolean,
  { channel, arch }: Target,
  now: number,
): VerifiedManifest | undefined {
  try {
    const policy = policyFromKeys(signers, { source: "its own signatures" });
    return verifyManifest(bytes, { policy, channel, arch, now });
  } catch (thrown) {
    if (own && thrown instanceof PlasmdError && thrown.code === "expired") return undefined;
    throw thrown;
  }
}

function unsigned(manifest: Manifest): PlasmdError {
  const why = manifest.signatures.length === 0
    ? "nobody has signed it"
    : "none of its signatures is valid";
  return new PlasmdError("untrusted", why);
}

/** The error with the file's name and what can be done about it. */
function inFile(file: string, thrown: unknown, { channel, arch }: Target): PlasmdError {
  const { code, message } = toPlasmdError(thrown);
  const hints = code === "wrong_target"
    ? ["give the --channel and --arch that it is for, or put it into a tree {channel}/{arch}"]
    : code === "expired"
    ? ["get a newer one from its publisher"]
    : [];
  hints.push(`without this file, ${channel}/${arch} is published under this machine's own key`);
  return new PlasmdError(code, `Cannot serve "${printable(file)}": ${message}`, {
    cause: thrown,
    hint: hints.join("\n"),
    blame: "user",
  });
}
