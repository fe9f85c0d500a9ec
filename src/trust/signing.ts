/**
 * Which keys sign the manifests of a publisher today: those that the policy pins, or those that the
 * newest key list names. DESIGN 5.
 *
 * @module
 */

import type { KeyList } from "../formats/key_list.ts";
import { PlasmdError } from "../lib/errors.ts";
import { type Chain, checkContinues, lastOf, newestChain, walkChain } from "./key_lists.ts";
import type { Publisher } from "./policy.ts";

/** A publisher and the keys that sign its manifests. */
export interface Signing {
  readonly publisher: Publisher;
  readonly keys: readonly string[];
  readonly threshold: number;
  /** The key list that says so; none where the policy does. */
  readonly list?: KeyList;
  /** The chain that leads to it, or to the one below it that was shown. */
  readonly chain?: Chain;
  /** Keys that never sign manifests. */
  readonly never: ReadonlySet<string>;
}

/** Key lists that were accepted before; they are walked again. */
export type KnownLists = readonly (readonly KeyList[])[];

/** What the keys of a publisher follow from. */
export interface SigningOptions {
  /** Those in the manifest that is verified. */
  readonly shown?: readonly KeyList[];
  readonly known?: KnownLists;
  /** Accept lists below the known ones; their keys count only where the known ones name them. */
  readonly allowRollback?: boolean;
}

/**
 * Who signs for a publisher, by the key lists of the manifest that is verified.
 *
 * @throws {PlasmdError} `untrusted` or `rollback` where the lists can't be used
 */
export function signingOf(publisher: Publisher, options: SigningOptions): Signing {
  if (!publisher.root) return pinned(publisher);
  const { shown, known = [], allowRollback = false } = options;
  if (shown === undefined) {
    throw new PlasmdError("untrusted", "It carries no key lists, and the policy pins root keys");
  }
  const chain = walkChain(shown, publisher);
  const accepted = newestChain(known, publisher);
  if (accepted === undefined) return following(publisher, chain);
  const below = lastOf(chain).list_version < lastOf(accepted).list_version;
  // A rollback that is asked for is one of images: a key that was revoked stays revoked.
  if (below && allowRollback) return { ...following(publisher, accepted), chain };
  checkContinues(chain, accepted);
  return following(publisher, chain);
}

/** Who signs for a publisher by the newest lists that are known, or undefined where none are. */
export function signingToday(publisher: Publisher, known: KnownLists): Signing | undefined {
  if (!publisher.root) return pinned(publisher);
  const chain = newestChain(known, publisher);
  return chain && following(publisher, chain);
}

/** What keeps the valid signatures of a manifest from being enough, or undefined. */
export function signingProblem(
  { keys, threshold, never, list }: Signing,
  signers: readonly string[],
): string | undefined {
  const root = signers.find((keyid) => never.has(keyid));
  // DESIGN 5: root keys never sign manifests.
  if (root !== undefined) return `The root key ${root} signed it: root keys sign key lists only`;
  // DESIGN 5: distinct keys; each signer is named once, and so is each key.
  if (keys.filter((keyid) => signers.includes(keyid)).length >= threshold) return undefined;
  const who = `${threshold} of ${keys.join(", ")}`;
  return list === undefined ? who : `Its key list ${list.list_version} asks for ${who}`;
}

function pinned(publisher: Publisher): Signing {
  return {
    publisher,
    keys: publisher.keys,
    threshold: publisher.threshold,
    never: new Set(),
  };
}

function following(publisher: Publisher, chain: Chain): Signing {
  const list = lastOf(chain);
  // A key that was a root key once stays one: it may lie where root keys lie.
  const never = new Set([...publisher.keys, ...chain.flatMap(({ root }) => root.keys)]);
  const { keys, threshold } = list.publish;
  return { publisher, keys, threshold, list, chain, never };
}
