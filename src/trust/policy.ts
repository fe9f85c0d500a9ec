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
  /** The keys sign key lists only, and those name who signs manifests. */
  readonly root?: true;
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
 * The policy of one publisher with these keys; of two where some are root keys, `root:` and a keyid.
 *
 * @throws {PlasmdError} `policy` where it can't be used
 */
export function policyFromKeys(
  keys: readonly string[],
  { threshold = 1, source = "--trust", notBefore }: KeysOptions = {},
): TrustPolicy {
  const publishers = pinsOf(keys).map((pins) => ({ ...pins, threshold, notBefore }));
  return makePolicy(publishers, source);
}

/** Pins as a command line gives them: keys that sign manifests, and root keys. */
export function pinsOf(keys: readonly string[]): Pick<Publisher, "keys" | "root">[] {
  const roots = keys.filter((key) => key.startsWith(rootPrefix));
  const plain = keys.filter((key) => !key.startsWith(rootPrefix));
  const pins = roots.map((key) => key.slice(rootPrefix.length));
  return [
    ...(plain.length > 0 || roots.length === 0 ? [{ keys: plain }] : []),
    ...(roots.length > 0 ? [{ keys: pins, root: true as const }] : []),
  ];
}

/** What marks a root key on a command line. */
export const rootPrefix = "root:";

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
  const { threshold, channels, notBefore, root } = publisher;
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
  const checked = { keys, threshold, channels: channels && [...channels], notBefore };
  return Object.freeze(root ? { ...checked, root } : checked);
}

function checkKey(keyid: string, source: string): void {
  const publicKey = publicKeyOf(keyid);
  if (publicKey === undefined) {
    refuse(
      source,
      `"${printable(keyid)}" is no keyid`,
      'a keyid is "ed25519:" and 64 lower-case hex digits, ' +
        "as the publisher's 'plasmd identity show' prints it; a root key has \"root:\" before it",
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
