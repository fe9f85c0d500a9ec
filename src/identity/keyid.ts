/**
 * Keyids and peer ids: two spellings of one public key. DESIGN 1 and 4.
 *
 * @module
 */

import { fromHex, toHex } from "../lib/bytes.ts";
import { fromBase58, toBase58 } from "./base58.ts";

const prefix = "ed25519:";

/** The keyid of a 32-byte public key. */
export function keyidOf(publicKey: Uint8Array): string {
  return prefix + toHex(publicKey);
}

/** The public key of a keyid, or undefined where the text is none. Says nothing of the point. */
export function publicKeyOf(keyid: string): Uint8Array<ArrayBuffer> | undefined {
  if (!keyid.startsWith(prefix) || keyid.length !== prefix.length + 64) return undefined;
  return fromHex(keyid.slice(prefix.length));
}

/** The libp2p peer id of a 32-byte Ed25519 public key: 12D3Koo... */
export function peerIdOf(publicKey: Uint8Array): string {
  // An identity multihash (0x00, 36 bytes) of the protobuf {1: Ed25519 = 1, 2: the key}.
  const head = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
  return toBase58(Uint8Array.from([...head, ...publicKey]));
}

/** The keyid of a peer, or undefined where its id doesn't hold an Ed25519 key. */
export function keyidOfPeer(peer: string): string | undefined {
  // Longer than any of them: decoding takes time by the square of the length.
  if (peer.length > 64) return undefined;
  const key = fromBase58(peer)?.subarray(6);
  return key?.length === 32 && peerIdOf(key) === peer ? keyidOf(key) : undefined;
}
