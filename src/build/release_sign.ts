/**
 * The signature of a release: Ed25519 over `phase-release:v1:` and the bytes of SHA256SUMS, by a key
 * that lies offline. DESIGN 12.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import * as fs from "node:fs/promises";
import { toHex } from "../lib/bytes.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readBounded } from "../lib/files.ts";

/** A key that signs releases. */
export interface ReleaseKey {
  /** `ed25519:` and 64 hex digits of the public key. */
  readonly keyid: string;
  /** The 64 bytes of the signature of a SHA256SUMS. */
  sign(sums: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** What is signed begins so, so that no signature of ours passes for one of something else. */
export const releasePrefix = "phase-release:v1:";

const seedBytes = 32;

/**
 * Reads the key: a raw seed, as `plasmd identity new --file FILE` makes it.
 *
 * @throws {PlasmdError} `identity` where it is none, or where others can read it
 */
export async function readReleaseKey(file: string): Promise<ReleaseKey> {
  const seed = await readBounded(file, seedBytes, { followLinks: false }).catch((thrown) => {
    const { message } = toPlasmdError(thrown);
    throw new PlasmdError("identity", message, {
      hint: "make one: plasmd identity new --file FILE",
    });
  });
  const { mode } = await fs.stat(file);
  // DESIGN 4: a key that others can read is not used.
  if ((mode & 0o177) !== 0) {
    throw new PlasmdError("identity", `Cannot use "${file}": others can read it`, {
      hint: `chmod 600 ${file}`,
    });
  }
  if (seed.length !== seedBytes) {
    throw new PlasmdError("identity", `Cannot use "${file}": a key has ${seedBytes} bytes`);
  }
  return releaseKey(seed);
}

/** The key of a seed. */
export function releaseKey(seed: Uint8Array): ReleaseKey {
  // RFC 8410 7: a private key in PKCS #8 is these 16 bytes and the seed.
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]),
    format: "der",
    type: "pkcs8",
  });
  return {
    keyid: `ed25519:${publicHex(key)}`,
    sign: (sums) => Uint8Array.from(sign(null, signedBytes(sums), key)),
  };
}

/** The bytes that are signed. */
export function signedBytes(sums: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(releasePrefix), sums]);
}

function publicHex(key: KeyObject): string {
  // RFC 8410 4: the last 32 bytes of a public key are the key.
  const der = createPublicKey(key as unknown as string).export({ format: "der", type: "spki" });
  return toHex(Uint8Array.from(der.subarray(-32)));
}
