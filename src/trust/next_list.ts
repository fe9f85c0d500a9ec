/**
 * Makes key lists: the first one, the next one, and what a list still lacks. For those who hold
 * root keys; it needs no network.
 *
 * @module
 */

import {
  buildKeyList,
  type KeyList,
  type KeyListFields,
  keyListPrefix,
  keyListsFile,
  type KeyRole,
  parseKeyLists,
} from "../formats/key_list.ts";
import { sign } from "../formats/signed.ts";
import { formatTime, parseTime } from "../formats/time.ts";
import type { Identity } from "../identity/key_file.ts";
import { publicKeyOf } from "../identity/keyid.ts";
import { isGoodPublicKey } from "../identity/verify_ed25519.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { formatLimits } from "../lib/limits.ts";
import { clockIsBehind } from "./clock.ts";
import { signersAmong, walkChain } from "./key_lists.ts";

/** What a list is to say; what is left out stays as it was. */
export interface ListChanges {
  readonly root?: KeyRole;
  readonly publish?: KeyRole;
  /** Milliseconds; half a year unless given. */
  readonly lifetimeMs?: number;
}

/** Signatures that the last list lacks. */
export interface Missing {
  /** The list whose root keys they are. */
  readonly version: number;
  readonly need: number;
  /** The keys that haven't signed. */
  readonly keys: readonly string[];
}

/**
 * The first list of a publisher, which nobody has signed.
 *
 * @param now milliseconds since 1970
 * @throws {PlasmdError} `config` where it can't be made
 */
export function firstList(
  { root, publish, lifetimeMs }: Required<Pick<ListChanges, "root" | "publish">> & ListChanges,
  now: number,
): readonly KeyList[] {
  return [makeList({ list_version: 1, root, publish }, lifetimeMs, now)];
}

/**
 * The lists with the next one added, which nobody has signed. Of a full chain the first lists go
 * as far as nobody can need them.
 *
 * @throws {PlasmdError} `config` where it can't be made
 */
export function nextList(
  lists: readonly KeyList[],
  { root, publish, lifetimeMs }: ListChanges,
  now: number,
): readonly KeyList[] {
  checkComplete(lists);
  const last = lists.at(-1)!;
  if (now < parseTime(last.created_at)!) {
    const clock = `this machine's clock says ${formatTime(now)}`;
    throw refused(`${clock}, and list ${last.list_version} was made at ${last.created_at}`);
  }
  const fields = {
    list_version: last.list_version + 1,
    root: root ?? last.root,
    publish: publish ?? last.publish,
  };
  return fitted([...lists, makeList(fields, lifetimeMs, now)]);
}

/**
 * What a list says once a key is revoked, and another one has its place where one is given.
 *
 * @throws {PlasmdError} `config` where the list doesn't name the key or too few would be left
 */
export function withoutKey(
  { list_version: version, root, publish }: KeyList,
  keyid: string,
  replacement?: string,
): ListChanges {
  const named = [root, publish].some(({ keys }) => keys.includes(keyid));
  if (!named) throw refused(`key list ${version} doesn't name ${keyid}`);
  const without = ({ keys, threshold }: KeyRole, role: string): KeyRole => {
    if (!keys.includes(keyid)) return { keys, threshold };
    const left = keys.filter((key) => key !== keyid);
    const next = replacement === undefined ? left : [...left, replacement];
    if (next.length >= threshold) return { keys: next, threshold };
    const rest = next.length === 1 ? `1 ${role} key` : `${next.length} ${role} keys`;
    throw refused(
      `${rest} would be left, and the threshold is ${threshold}`,
      "give another key its place: --replacement KEYID",
    );
  };
  return { root: without(root, "root"), publish: without(publish, "publish") };
}

/**
 * The lists with signatures of these keys added to the last one.
 *
 * @throws {PlasmdError} `config` where a key isn't one that the list needs
 */
export function signLast(
  lists: readonly KeyList[],
  identities: readonly Pick<Identity, "keyid" | "seed">[],
): readonly KeyList[] {
  const last = lists.at(-1)!;
  const roles = lists.slice(-2).map(({ root }) => root);
  for (const { keyid } of identities) {
    if (roles.some(({ keys }) => keys.includes(keyid))) continue;
    throw refused(`${keyid} is no root key of list ${last.list_version} or of the one before`);
  }
  const signed = JSON.parse(new TextDecoder().decode(sign(keyListPrefix, last, identities)));
  // What is written is read once more as a client reads it: a signature can pass a limit.
  return parseKeyLists(keyListsFile([...lists.slice(0, -1), signed]));
}

/** The signatures that the last list lacks; none where it is complete. */
export function missingOf(lists: readonly KeyList[]): readonly Missing[] {
  const last = lists.at(-1)!;
  return lists.slice(-2).flatMap(({ list_version: version, root }) => {
    const signed = signersAmong(last, root);
    const need = root.threshold - signed.length;
    return need <= 0
      ? []
      : [{ version, need, keys: root.keys.filter((keyid) => !signed.includes(keyid)) }];
  });
}

/**
 * Checks that all lists but the last one are complete, and the last one too unless it may lack
 * signatures.
 *
 * @throws {PlasmdError} `config` where they aren't
 */
export function checkComplete(lists: readonly KeyList[], lastMayLack = false): void {
  const complete = lastMayLack ? lists.slice(0, -1) : lists;
  try {
    if (complete.length > 0) walkChain(complete, complete[0]!.root);
  } catch (thrown) {
    const { message } = toPlasmdError(thrown);
    throw new PlasmdError("config", `Cannot use these key lists: ${message}`, {
      cause: thrown,
      hint: "plasmd publisher show FILE says which signatures are missing",
    });
  }
}

function makeList(
  roles: Pick<KeyListFields, "list_version" | "root" | "publish">,
  lifetimeMs: number = formatLimits.listLifetimeDefaultMs,
  now: number,
): KeyList {
  if (clockIsBehind({ clock: now })) {
    throw refused(`this machine's clock says ${formatTime(now)}`, "set the clock, then try again");
  }
  // DESIGN 5: such a key accepts signatures that nobody made; readers count none of its.
  const bad = [...roles.root.keys, ...roles.publish.keys].find((keyid) => !isGood(keyid));
  if (bad !== undefined) throw refused(`"${bad}" is no usable public key`);
  try {
    return buildKeyList({
      ...roles,
      created_at: formatTime(now),
      expires_at: formatTime(now + lifetimeMs),
    });
  } catch (thrown) {
    const { message } = toPlasmdError(thrown);
    throw refused(message.replace("Cannot accept the key list: ", ""));
  }
}

function isGood(keyid: string): boolean {
  const publicKey = publicKeyOf(keyid);
  return publicKey !== undefined && isGoodPublicKey(publicKey);
}

/**
 * Drops first lists while there are too many. Who pins the root keys of a list can start at the
 * next one where that has the same root keys, so such a list is needed by nobody.
 */
function fitted(lists: readonly KeyList[]): readonly KeyList[] {
  let from = 0;
  while (isFull(lists.slice(from))) {
    const [first, second] = lists.slice(from);
    // The one that is added must not be the one that is started at: nobody has signed it yet.
    const sameRoots = from < lists.length - 2 &&
      [...first!.root.keys].sort().join() === [...second!.root.keys].sort().join() &&
      first!.root.threshold === second!.root.threshold;
    if (!sameRoots) {
      throw refused(
        `${lists.length - from} lists are more than a manifest takes`,
        "start anew with new root keys, and pin those: plasmd publisher init",
      );
    }
    from++;
  }
  return lists.slice(from);
}

function isFull(lists: readonly KeyList[]): boolean {
  // Room for the signatures that the new list will get.
  const room = 2 * formatLimits.roleKeys * signatureBytes;
  return lists.length > formatLimits.keyLists ||
    keyListsFile(lists).length + room > formatLimits.keyListsBytes;
}

/** Bytes of one signature in a list: keyid, base64 and what is around them. */
const signatureBytes = 192;

function refused(why: string, hint?: string): PlasmdError {
  return new PlasmdError("config", `Cannot make the key list: ${why}`, { hint });
}
