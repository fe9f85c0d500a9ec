/**
 * The type of a manifest that passed every check.
 *
 * @module
 */

import type { KeyList, KeyRole } from "../formats/key_list.ts";
import type { Manifest } from "../formats/manifest.ts";

/** Marks a manifest that was verified; it exists for the type checker only. */
declare const verified: unique symbol;

/** Key lists that follow from pinned root keys. */
export interface AcceptedChain {
  readonly pinned: KeyRole;
  /** Oldest first; at least one. */
  readonly lists: readonly KeyList[];
}

/** A manifest that `verifyManifest` accepted; nothing else can make one. */
export interface VerifiedManifest {
  readonly [verified]: true;
  readonly manifest: Manifest;
  /** The very bytes that were verified. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `sha256:` of the signed bytes. */
  readonly id: string;
  /** The keyids whose signatures counted. */
  readonly signers: readonly string[];
  /** The key lists that named them, for each publisher with root keys that accepts it. */
  readonly chains: readonly AcceptedChain[];
}
