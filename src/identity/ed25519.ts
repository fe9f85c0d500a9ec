/**
 * Ed25519 signing with the runtime's own implementation.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";

// PKCS #8 and SubjectPublicKeyInfo of Ed25519 (RFC 8410) up to the 32 bytes.
const privateHead = Uint8Array.fromHex("302e020100300506032b657004220420");
const publicHead = Uint8Array.fromHex("302a300506032b6570032100");

/** The 32-byte public key of a 32-byte seed. */
export function publicKeyFromSeed(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const der = createPublicKey(privateKeyObject(seed)).export({ format: "der", type: "spki" });
  return Uint8Array.from(der.subarray(publicHead.length));
}

/** The 64-byte signature of the message. */
export function signEd25519(seed: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(sign(null, message, privateKeyObject(seed)));
}

/** The runtime's key object for a 32-byte public key. */
export function publicKeyObject(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: der(publicHead, publicKey), format: "der", type: "spki" });
}

function privateKeyObject(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: der(privateHead, seed), format: "der", type: "pkcs8" });
}

function der(head: Uint8Array, bytes: Uint8Array): Buffer {
  if (bytes.length !== 32) throw new RangeError(`An Ed25519 key has 32 bytes, not ${bytes.length}`);
  return Buffer.concat([head, bytes]);
}
