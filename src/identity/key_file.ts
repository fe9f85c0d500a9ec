/**
 * The key file: a raw 32-byte Ed25519 seed. DESIGN 4.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";

/** A key that can sign. */
export interface Identity {
  /** 32 bytes. */
  readonly seed: Uint8Array<ArrayBuffer>;
  /** `ed25519:` and 64 hex digits of the public key. */
  readonly keyid: string;
  /** The libp2p peer id (12D3Koo...). */
  readonly peerId: string;
  /** Where it lies. */
  readonly file: string;
}

/** Reads the key. Undefined file: the place of DESIGN 4. */
export function readIdentity(_file?: string): Promise<Identity> {
  throw new PlasmdError("internal", "identity");
}

/** Makes a new key, never replacing one. */
export function createIdentity(_file: string | undefined, _deps: Deps): Promise<Identity> {
  throw new PlasmdError("internal", "identity");
}
