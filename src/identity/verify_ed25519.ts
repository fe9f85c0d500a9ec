/**
 * Ed25519 verification by two implementations that must agree. DESIGN 5.
 *
 * @module
 */

import { ed25519 } from "@noble/curves/ed25519.js";
import { verify } from "node:crypto";
import { publicKeyObject } from "./ed25519.ts";

/**
 * Whether the 32 bytes are a public key that may be trusted: a canonical encoding of a point of
 * the prime-order group.
 */
export function isGoodPublicKey(publicKey: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(publicKey, false);
    // DESIGN 5: no small-order and no torsioned point; for those, one signature fits many messages.
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    return false;
  }
}

/** Verifications after which noble's table of the base point has paid: making it costs twenty. */
const tableAfter = 32;
let verifications = 0;

/** Most processes verify one manifest: they do without the table. */
function chooseTable(): void {
  verifications++;
  if (verifications === 1) ed25519.Point.BASE.precompute(1);
  if (verifications === tableAfter) ed25519.Point.BASE.precompute(6);
}

/** Whether the signature is the key's over the message, for both implementations. */
export function verifyEd25519(
  publicKey: Uint8Array,
  signature: Uint8Array,
  message: Uint8Array,
): boolean {
  if (signature.length !== 64 || publicKey.length !== 32 || !isGoodPublicKey(publicKey)) {
    return false;
  }
  chooseTable();
  try {
    // DESIGN 5: noble alone accepts a torsioned R, node alone a small-order key.
    return ed25519.verify(signature, message, publicKey, { zip215: false }) &&
      verify(null, message, publicKeyObject(publicKey), signature);
  } catch {
    return false;
  }
}
