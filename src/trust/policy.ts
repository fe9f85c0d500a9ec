/**
 * Whom a client trusts. A policy exists only if it can be used: every key is a good point, every
 * threshold can be reached. DESIGN 5.
 *
 * @module
 */

import { isChannel } from "../formats/names.ts";
import { publicKeyOf } from "../identity/keyid.ts";
import { isGoodPublicKey } from "../identity/verify_ed25519.ts";
import { PlasmdError } from "../lib/errors.ts";
import { fileLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";

/** Marks a policy that was checked; it exists for the type checker only. */
declare const valid: unique symbol;

/** Keys of which enough must have signed. */
export interface Publisher {
  /** Keyids, distinct. */
  readonly keys: readonly string[];
  /** How many of the keys; at least 1, at most all. */
  readonly threshold: number;
  /** The channels for which they count; all when absent. */
  readonly channels?: readonly string[];
  /** Milliseconds since 1970; older manifests are refused. */
  readonly notBefore?: number;
}

/** A usable policy; only {@linkcode makePolicy} and what calls it can make one. */
export interface TrustPolicy {
  readonly [valid]: true;
  /** Any one of them may accept a manifest. */
  readonly publishers: readonly Publisher[];
  /** Where it comes from, for messages. */
  readonly source: string;
}

/** What goes with keys that are pinned on a command line. */
export interface KeysOptions {
  /** Default 1. */
  readonly threshold?: number;
  /** Where the keys come from, for messages; default `--trust`. */
  readonly source?: string;
  /** Milliseconds since 1970; older manifests are refused. */
  readonly notBefore?: number;
}

/**
 * The policy of one publisher with these keys.
 *
 * @throws {PlasmdError} `policy` where it can't be used
 */
export function policyFromKeys(
  keys: readonly string[],
  { threshold = 1, source = "--trust", notBefore }: KeysOptions = {},
): TrustPolicy {
  return makePolicy([{ keys, threshold, notBefore }], source);
}

/**
 * The policy of these publishers.
 *
 * @throws {PlasmdError} `policy` where it can't be used
 */
export function makePolicy(publishers: readonly Publisher[], source: string): TrustPolicy {
  if (publishers.length === 0) refuse(source, "it names no publisher");
  if (publishers.length > fileLimits.publishers) {
    refuse(source, `${publishers.length} publishers, limit is ${fileLimits.publishers}`);
  }
  const checked = publishers.map((publisher) => checkPublisher(publisher, source));
  return Object.freeze({ publishers: Object.freeze(checked), source }) as unknown as TrustPolicy;
}

function checkPublisher(publisher: Publisher, source: string): Publisher {
  const { threshold, channels, notBefore } = publisher;
  if (publisher.keys.length > fileLimits.publisherKeys) {
    refuse(source, `${publisher.keys.length} keys, limit is ${fileLimits.publisherKeys}`);
  }
  publisher.keys.forEach((keyid) => checkKey(keyid, source));
  // DESIGN 5: distinct keys. A keyid has one spelling, so equal text is equal bytes.
  const keys = Object.freeze([...new Set(publisher.keys)]);
  if (keys.length === 0) refuse(source, "a publisher has no keys");
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > keys.length) {
    const have = keys.length === 1 ? "1 distinct key" : `${keys.length} distinct keys`;
    refuse(source, `threshold ${threshold} can't be reached with ${have}`);
  }
  if (channels?.length === 0) refuse(source, "a publisher has an empty list of channels");
  for (const channel of channels ?? []) {
    if (!isChannel(channel)) refuse(source, `"${printable(channel)}" is no channel`);
  }
  if (notBefore !== undefined && !Number.isFinite(notBefore)) {
    refuse(source, "not_before is no time");
  }
  return Object.freeze({ keys, threshold, channels: channels && [...channels], notBefore });
}

function checkKey(keyid: string, source: string): void {
  const publicKey = publicKeyOf(keyid);
  if (publicKey === undefined) {
    const root = keyid.startsWith("root:");
    refuse(
      source,
      root
        ? `"${printable(keyid)}" pins a root key, which this version can't follow`
        : `"${printable(keyid)}" is no keyid`,
      'a keyid is "ed25519:" and 64 lower-case hex digits, ' +
        "as the publisher's 'plasmd identity show' prints it",
    );
  }
  // DESIGN 5 and 14: such a key accepts signatures that nobody made.
  if (!isGoodPublicKey(publicKey)) {
    refuse(
      source,
      `"${keyid}" is no usable public key: not a point of the group of Ed25519`,
      "ask the publisher for the keyid again",
    );
  }
}

function refuse(source: string, why: string, hint?: string): never {
  throw new PlasmdError("policy", `Cannot use the trust policy from ${source}: ${why}`, { hint });
}
