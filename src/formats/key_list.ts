/**
 * Key lists: which keys sign a publisher's manifests, and which keys sign the next such list.
 * DESIGN 5.
 *
 * @module
 */

import { formatLimits as limits } from "../lib/limits.ts";
import { bytesText, durationText } from "../lib/text.ts";
import { canonicalBytes, type JsonObject, type JsonValue, parseCanonical } from "./json.ts";
import { checkKeyid, type Members, membersOf } from "./members.ts";
import { documentId, type Prefix, type Signature } from "./signed.ts";

/** The prefix of key lists. */
export const keyListPrefix: Prefix = "phase-keys:v1:";

/** Keys of which enough must have signed. */
export interface KeyRole {
  /** Keyids, distinct. */
  readonly keys: readonly string[];
  /** At least 1, at most all of the keys. */
  readonly threshold: number;
}

/** One list, well-formed; whether it can be trusted is another question. */
export interface KeyList {
  /** The next list has the next number. */
  readonly list_version: number;
  readonly created_at: string;
  readonly expires_at: string;
  /** They sign key lists, and nothing else. */
  readonly root: KeyRole;
  /** They sign manifests. */
  readonly publish: KeyRole;
  readonly signatures: readonly Signature[];
  /** Unknown members are kept and signed. */
  readonly [unknown: string]: unknown;
}

/** What a key list says before anybody signs it. */
export type KeyListFields = Pick<
  KeyList,
  "list_version" | "created_at" | "expires_at" | "root" | "publish"
>;

/**
 * The key lists of a file: an object with the one member `key_lists`.
 *
 * @throws {PlasmdError} `malformed`, naming the member
 */
export function parseKeyLists(bytes: Uint8Array): readonly KeyList[] {
  const what = "file of key lists";
  const object = parseCanonical(bytes, { what, max: limits.keyListsBytes + fileBytes });
  const members = membersOf(what);
  const other = Object.keys(object).find((name) => name !== "key_lists");
  if (other !== undefined) members.refuse(other, "is no member of such a file");
  return checkKeyLists(object.key_lists, members);
}

/** The bytes of a file of these key lists. */
export function keyListsFile(lists: readonly KeyList[]): Uint8Array<ArrayBuffer> {
  return canonicalBytes({ key_lists: lists });
}

/** What the file adds to the lists themselves. */
const fileBytes = '{"key_lists":}'.length;

/**
 * The value of a member `key_lists`, unchanged.
 *
 * @throws {PlasmdError} `malformed`, naming the member
 */
export function checkKeyLists(
  value: JsonValue | undefined,
  members: Members,
): readonly KeyList[] {
  const lists = members.list(value, "key_lists");
  if (lists.length === 0) members.refuse("key_lists", "holds no list");
  // DESIGN 5: at most 32 lists, 64 KiB.
  if (lists.length > limits.keyLists) {
    members.refuse("key_lists", `has ${lists.length} lists, limit is ${limits.keyLists}`);
  }
  const size = canonicalBytes(lists).length;
  if (size > limits.keyListsBytes) {
    const max = bytesText(limits.keyListsBytes);
    members.refuse("key_lists", `has ${size} bytes, limit is ${max}`);
  }
  return lists.map((list, i) => checkKeyList(list, `key_lists[${i}].`, members));
}

/**
 * A key list without signatures, checked by the same rules as one that is read.
 *
 * @throws {PlasmdError} `malformed`, naming the member
 */
export function buildKeyList(fields: KeyListFields): KeyList {
  const what = "key list";
  const bytes = canonicalBytes({ ...fields, signatures: [] });
  const object = parseCanonical(bytes, { what, max: limits.keyListsBytes });
  return checkKeyList(object, "", membersOf(what));
}

/** `sha256:` of the signed bytes. */
export function keyListId(list: KeyList): string {
  return documentId(keyListPrefix, list);
}

/** `at` goes before the name of each member. */
function checkKeyList(value: JsonValue, at: string, members: Members): KeyList {
  const list = members.object(value, at.slice(0, -1));
  members.whole(list.list_version, `${at}list_version`, 1, Number.MAX_SAFE_INTEGER);
  checkTimes(list, at, members);
  const root = checkRole(list.root, `${at}root`, members);
  const publish = checkRole(list.publish, `${at}publish`, members);
  // DESIGN 5: root keys never sign manifests.
  const both = publish.keys.find((keyid) => root.keys.includes(keyid));
  if (both !== undefined) {
    members.refuse(`${at}publish.keys`, `names the root key ${both}: it signs key lists only`);
  }
  members.signatures(list.signatures, `${at}signatures`);
  return list as unknown as KeyList;
}

function checkTimes(list: JsonObject, at: string, members: Members): void {
  const createdAt = members.time(list, "created_at", at);
  const lifetime = members.time(list, "expires_at", at) - createdAt;
  if (lifetime <= 0) members.refuse(`${at}expires_at`, "must be later than created_at");
  if (lifetime > limits.listLifetimeMs) {
    const max = durationText(limits.listLifetimeMs);
    members.refuse(`${at}expires_at`, `is more than ${max} after created_at`);
  }
}

function checkRole(value: JsonValue | undefined, at: string, members: Members): KeyRole {
  const role = members.object(value, at);
  const keys = members.list(role.keys, `${at}.keys`);
  if (keys.length > limits.roleKeys) {
    members.refuse(`${at}.keys`, `has ${keys.length} keys, limit is ${limits.roleKeys}`);
  }
  keys.forEach((keyid, i) => {
    if (typeof keyid !== "string") return members.refuse(`${at}.keys[${i}]`, "must be text");
    checkKeyid(keyid, `${at}.keys[${i}]`, members);
  });
  // DESIGN 5: distinct keys. A keyid has one spelling, so equal text is equal bytes.
  if (new Set(keys).size !== keys.length) members.refuse(`${at}.keys`, "names a key twice");
  const threshold = members.whole(role.threshold, `${at}.threshold`, 1, limits.roleKeys);
  if (threshold > keys.length) {
    const have = keys.length === 1 ? "1 key" : `${keys.length} keys`;
    members.refuse(`${at}.threshold`, `is ${threshold}, which ${have} can't reach`);
  }
  return role as unknown as KeyRole;
}
