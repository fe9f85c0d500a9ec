/**
 * What somebody says that they serve, before anybody has checked it.
 *
 * @module
 */

import type { Arch } from "../formats/names.ts";

/** How a provider was found. */
export type Via = "mdns" | "dht";

/** A provider of one channel and arch. Nothing in it is proved but what each member says. */
export interface Offer {
  readonly channel: string;
  readonly arch: Arch;
  /**
   * `http://address:port`. DESIGN 8: the address is one at which we found or reached the provider
   * ourselves (on the link, or the end of a connection), never one that was only told to us.
   */
  readonly origin: string;
  /** The provider's libp2p peer id; proved over the DHT, a claim over mDNS. */
  readonly peer?: string;
  /** The image's version, where it is said. */
  readonly version?: string;
  /** `sha256:` of the manifest's signed bytes, where it is said. */
  readonly manifestId?: string;
  /** The manifest's sequence, where it is said. A hint for the order of asking, nothing more. */
  readonly sequence?: number;
  /** A keyid that is said to have signed; never believed. */
  readonly keyid?: string;
  readonly via: Via;
  /** Whether the provider is on our own link. */
  readonly sameLink: boolean;
  /** How busy the provider says it is: 0 idle to 100 full. */
  readonly load?: number;
  /** Milliseconds since 1970 after which the offer is void, where it says so. */
  readonly expiresAt?: number;
  /** Milliseconds of one round trip to the provider, where one was measured. */
  readonly latencyMs?: number;
  /** The provider has said goodbye: what was found at this origin is to be forgotten. */
  readonly gone?: true;
}
