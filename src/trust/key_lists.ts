/**
 * The chain of key lists: from root keys that a policy pins to the keys that sign manifests today.
 * DESIGN 5.
 *
 * @module
 */

import { type KeyList, keyListId, keyListPrefix, type KeyRole } from "../formats/key_list.ts";
import { validSigners } from "../formats/signed.ts";
import { PlasmdError } from "../lib/errors.ts";

/** Lists that follow from pinned root keys, oldest first; at least one. */
export type Chain = readonly [KeyList, ...KeyList[]];

/**
 * The lists from the first one that the pinned root keys sign to the last one. Says nothing of
 * times.
 *
 * @throws {PlasmdError} `untrusted` where a list is missing or isn't signed by those who must
 */
export function walkChain(lists: readonly KeyList[], pinned: KeyRole): Chain {
  checkNumbers(lists);
  // Each list's signatures are verified once, however many roles they count for.
  const signers = new Map<KeyList, readonly string[]>();
  const signed = (list: KeyList, { keys }: KeyRole): number => {
    const valid = signers.get(list) ?? validSigners(keyListPrefix, list);
    signers.set(list, valid);
    // DESIGN 5: distinct keys; validSigners names each once, a role holds each once.
    return valid.filter((keyid) => keys.includes(keyid)).length;
  };
  // The first, not the last: a root key that was replaced later must not start anew behind that.
  const start = lists.findIndex((list) => signed(list, pinned) >= pinned.threshold);
  if (start < 0) throw wrongRoots(lists.length, pinned);
  const chain = lists.slice(start);
  chain.forEach((list, i) => {
    // DESIGN 5, TUF 5.3: to the thresholds of the list before and of its own.
    const before = chain[i - 1];
    if (before !== undefined) {
      checkSigned(list, before.root, signed(list, before.root), asksFor(before));
    }
    checkSigned(list, list.root, signed(list, list.root), "it names itself");
  });
  return chain as unknown as Chain;
}

/** The newest list of a chain. */
export function lastOf(chain: Chain): KeyList {
  return chain.at(-1)!;
}

/** The keys of a role that have validly signed a list. */
export function signersAmong(list: KeyList, { keys }: KeyRole): string[] {
  return validSigners(keyListPrefix, list).filter((keyid) => keys.includes(keyid));
}

/**
 * Checks that a chain goes on from one that was accepted before.
 *
 * @throws {PlasmdError} `rollback` where it ends before that one, `untrusted` where it isn't the
 *   same publisher's any more
 */
export function checkContinues(chain: Chain, accepted: Chain): void {
  const seen = lastOf(accepted);
  const { list_version: version } = seen;
  const last = lastOf(chain).list_version;
  if (last < version) {
    throw new PlasmdError(
      "rollback",
      `The last key list is ${last}, and list ${version} was accepted before`,
      { hint: "ask the publisher for a manifest with the newest key lists" },
    );
  }
  const same = chain.find((list) => list.list_version === version);
  if (same !== undefined) {
    if (keyListId(same) === keyListId(seen)) return;
    throw new PlasmdError("rollback", `Another key list ${version} was accepted before`);
  }
  // The lists between were left out: then the root keys of the accepted one must still sign.
  const signed = signersAmong(chain[0], seen.root).length;
  checkSigned(chain[0], seen.root, signed, `${asksFor(seen)}, which was accepted before`);
}

/** The chain with the newest last list among those that the pinned root keys sign. */
export function newestChain(
  candidates: readonly (readonly KeyList[])[],
  pinned: KeyRole,
): Chain | undefined {
  // By what they claim, so that most often only one has to be walked.
  const byClaim = [...candidates].sort((a, b) => claimOf(b) - claimOf(a));
  for (const lists of byClaim) {
    const chain = walked(lists, pinned);
    if (chain !== undefined) return chain;
  }
  return undefined;
}

function claimOf(lists: readonly KeyList[]): number {
  return lists.at(-1)?.list_version ?? 0;
}

function walked(lists: readonly KeyList[], pinned: KeyRole): Chain | undefined {
  try {
    return walkChain(lists, pinned);
  } catch (thrown) {
    if (thrown instanceof PlasmdError) return undefined;
    throw thrown;
  }
}

function checkNumbers(lists: readonly KeyList[]): void {
  lists.forEach(({ list_version: version }, i) => {
    const before = lists[i - 1]?.list_version ?? version - 1;
    if (version === before + 1) return;
    const why = version > before ? `, list ${before + 1} is missing` : "";
    throw untrusted(`Key list ${before} is followed by list ${version}${why}`);
  });
}

function asksFor(list: KeyList): string {
  return `list ${list.list_version} asks for`;
}

function checkSigned(list: KeyList, role: KeyRole, signed: number, whose: string): void {
  if (signed >= role.threshold) return;
  const keys = role.threshold === 1 ? "1 root key" : `${role.threshold} root keys`;
  throw untrusted(
    `Key list ${list.list_version} is signed by ${signed} of the ${keys} that ${whose}`,
  );
}

function wrongRoots(count: number, { threshold }: KeyRole): PlasmdError {
  const lists = count === 1 ? "Its key list is not" : `None of its ${count} key lists is`;
  const keys = threshold === 1 ? "a pinned root key" : `${threshold} pinned root keys`;
  return untrusted(`${lists} signed by ${keys}`);
}

function untrusted(message: string): PlasmdError {
  return new PlasmdError("untrusted", message);
}
