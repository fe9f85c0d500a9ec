/**
 * The key lists that a publisher puts into manifests: read once, and held against the key that
 * signs, so that nothing is published that every client would refuse.
 *
 * @module
 */

import { canonicalBytes } from "../formats/json.ts";
import { type KeyList, parseKeyLists } from "../formats/key_list.ts";
import { parseTime } from "../formats/time.ts";
import { equalBytes } from "../lib/bytes.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readBounded } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { lastOf, walkChain } from "../trust/key_lists.ts";

/**
 * The key lists of a file that `plasmd publisher` made, complete and in force.
 *
 * @param now milliseconds since 1970
 * @throws {PlasmdError} `config` where they can't be published; `io`, `permission`
 */
export async function readKeyLists(path: string, now: number): Promise<readonly KeyList[]> {
  const bytes = await readBounded(path, formatLimits.keyListsBytes * 2);
  try {
    const lists = parseKeyLists(bytes);
    const list = lastOf(walkChain(lists, lists[0]!.root));
    if (parseTime(list.expires_at)! > now) return lists;
    const message = `Key list ${list.list_version} has expired: expires_at is ${list.expires_at}`;
    throw new PlasmdError("expired", message);
  } catch (thrown) {
    const { message, hint } = toPlasmdError(thrown);
    throw new PlasmdError(
      "config",
      `Cannot publish the key lists "${printable(path)}": ${message}`,
      {
        cause: thrown,
        hint: hint ?? `plasmd publisher show ${printable(path)} says what is missing`,
      },
    );
  }
}

/**
 * Checks that clients that follow the key lists will count a key's signatures.
 *
 * @throws {PlasmdError} `config` where they won't
 */
export function checkSigner(lists: readonly KeyList[], keyid: string): void {
  checkNoRoot(lists, keyid);
  const { list_version, publish } = lists.at(-1)!;
  if (publish.keys.includes(keyid)) return;
  const hint = `its publish keys: ${publish.keys.join(", ")}`;
  throw refused(`key list ${list_version} doesn't name ${keyid} as a publish key`, hint);
}

/**
 * Checks that a key isn't one that clients refuse under a manifest.
 *
 * @throws {PlasmdError} `config` where it is
 */
export function checkNoRoot(lists: readonly KeyList[], keyid: string): void {
  // DESIGN 5: root keys never sign manifests.
  if (!lists.some(({ root }) => root.keys.includes(keyid))) return;
  throw refused(`${keyid} is a root key, which signs key lists only`);
}

/** Whether two manifests, or a manifest and what is wanted, have the same key lists. */
export function sameKeyLists(
  a: readonly KeyList[] | undefined,
  b: readonly KeyList[] | undefined,
): boolean {
  return equalBytes(canonicalBytes(a ?? []), canonicalBytes(b ?? []));
}

function refused(why: string, hint = "sign with a publish key: --signing-key FILE"): PlasmdError {
  return new PlasmdError("config", `Cannot sign the manifest: ${why}`, { hint });
}
