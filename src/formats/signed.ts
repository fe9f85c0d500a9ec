/**
 * Signed documents: a prefix and the canonical form without `signatures`. DESIGN 5.
 *
 * @module
 */

import type { Identity } from "../identity/key_file.ts";
import { signEd25519 } from "../identity/ed25519.ts";
import { publicKeyOf } from "../identity/keyid.ts";
import { verifyEd25519 } from "../identity/verify_ed25519.ts";
import { fromBase64, sha256Hex, toBase64 } from "../lib/bytes.ts";
import { PlasmdError } from "../lib/errors.ts";
import { formatLimits } from "../lib/limits.ts";
import { canonicalBytes, checkValue } from "./json.ts";

/** What is signed says first what it is, so that no signature fits two formats. */
export type Prefix = `phase-${string}:v1:`;

/** The prefix of manifests. */
export const manifestPrefix: Prefix = "phase-manifest:v1:";

/** One signature: exactly these two members. */
export interface Signature {
  /** `ed25519:` and 64 hex digits of the public key. */
  readonly keyid: string;
  /** Canonical base64 of the 64 bytes. */
  readonly sig: string;
}

/** A document that may carry signatures. */
export interface Signable {
  readonly signatures?: readonly Signature[];
}

/** The bytes that a signature covers. */
export function signedBytes(prefix: Prefix, object: Signable): Uint8Array<ArrayBuffer> {
  const { signatures: _, ...rest } = object;
  const head = new TextEncoder().encode(prefix);
  const body = canonicalBytes(rest);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** `sha256:` of the signed bytes, so that adding a signature doesn't change it. */
export function documentId(prefix: Prefix, object: Signable): string {
  return `sha256:${sha256Hex(signedBytes(prefix, object))}`;
}

/**
 * The whole document in canonical form, with a signature of each identity added to those it
 * carries. One signature a key, sorted by keyid.
 */
export function sign(
  prefix: Prefix,
  object: Signable,
  identities: readonly Pick<Identity, "seed" | "keyid">[],
): Uint8Array<ArrayBuffer> {
  checkValue(object, "document to sign", "");
  const message = signedBytes(prefix, object);
  const byKey = new Map((object.signatures ?? []).map((entry) => [entry.keyid, entry]));
  for (const { seed, keyid } of identities) {
    byKey.set(keyid, { keyid, sig: toBase64(signEd25519(seed, message)) });
  }
  if (byKey.size > formatLimits.signatures) {
    throw new PlasmdError(
      "failed",
      `Cannot sign: ${byKey.size} signatures, the limit is ${formatLimits.signatures}`,
    );
  }
  const signatures = [...byKey.values()].sort((a, b) => a.keyid < b.keyid ? -1 : 1);
  return canonicalBytes({ ...object, signatures });
}

/** The keyids whose signatures are valid, each once, in the order of the document. */
export function validSigners(prefix: Prefix, object: Signable): string[] {
  const message = signedBytes(prefix, object);
  const valid = new Set<string>();
  for (const { keyid, sig } of (object.signatures ?? []).slice(0, formatLimits.signatures)) {
    const publicKey = publicKeyOf(keyid);
    const signature = fromBase64(sig);
    if (publicKey === undefined || signature === undefined || valid.has(keyid)) continue;
    if (verifyEd25519(publicKey, signature, message)) valid.add(keyid);
  }
  return [...valid];
}
