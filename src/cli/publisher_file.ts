/**
 * The file of key lists that the publisher commands read and write, and what they say about it.
 *
 * @module
 */

import type { KeyList, KeyRole } from "../formats/key_list.ts";
import { keyListsFile, parseKeyLists } from "../formats/key_list.ts";
import { readIdentity } from "../identity/key_file.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readBounded, writeAtomic } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { type Missing, missingOf, signLast } from "../trust/next_list.ts";
import type { Ui } from "./ui.ts";

/**
 * The key lists of a file.
 *
 * @throws {PlasmdError} `malformed`, `io` or `permission`
 */
export async function readListsFile(path: string): Promise<readonly KeyList[]> {
  try {
    return parseKeyLists(await readBounded(path, formatLimits.keyListsBytes * 2));
  } catch (thrown) {
    const { code, message, hint } = toPlasmdError(thrown);
    const named = message.includes(path) ? message : `"${printable(path)}": ${message}`;
    const wrong = code === "too_large" ? "malformed" : code;
    throw new PlasmdError(wrong, named, { hint, cause: thrown });
  }
}

/** Where lists go, and how that is said. */
export interface Finish {
  readonly file: string;
  /** Key files that sign the last list. */
  readonly keys?: readonly string[];
  /** Never replace a file. */
  readonly exclusive?: boolean;
  readonly json: boolean;
}

/**
 * Signs the last list with the keys given, writes the lists and says what is missing.
 *
 * @throws {PlasmdError} what is wrong with a key or the file
 */
export async function finishLists(
  ui: Ui,
  lists: readonly KeyList[],
  { file, keys = [], exclusive = false, json }: Finish,
): Promise<void> {
  const identities = await Promise.all(keys.map((key) => readIdentity(key)));
  const signed = signLast(lists, identities);
  await write(file, signed, exclusive);
  if (json) return ui.json({ file, ...listResult(signed) });
  const { list_version: version, root } = signed.at(-1)!;
  const missing = missingOf(signed);
  if (missing.length === 0) {
    ui.result(`${file}: key list ${version}, complete`);
    return ui.note(`clients pin: ${root.keys.map((keyid) => `root:${keyid}`).join(", ")}`);
  }
  ui.result(`${file}: key list ${version}, not signed by enough root keys yet`);
  for (const line of missing.map(missingText)) ui.result(line);
  ui.note(`sign it: plasmd publisher sign ${file} --key FILE`);
}

/** A role as flags give it; what they leave out stays as it was. */
export function roleFrom(
  keys: readonly string[] | undefined,
  threshold: number | undefined,
  before?: KeyRole,
): KeyRole | undefined {
  if (keys === undefined && threshold === undefined) return before;
  // A root key is written with and without the prefix that marks it in a policy.
  const named = keys?.map((key) => key.replace(/^root:/, ""));
  return {
    keys: named === undefined ? before?.keys ?? [] : [...new Set(named)],
    threshold: threshold ?? before?.threshold ?? 1,
  };
}

/** Which signatures are missing, for people. */
export function missingText({ version, need, keys }: Missing): string {
  const signatures = need === 1 ? "1 signature" : `${need} signatures`;
  return `missing: ${signatures} of the root keys of list ${version}: ${keys.join(", ")}`;
}

/** What the last list says, for programs. */
export function listResult(lists: readonly KeyList[]): Readonly<Record<string, unknown>> {
  const { list_version, created_at, expires_at, root, publish } = lists.at(-1)!;
  const missing = missingOf(lists);
  const complete = missing.length === 0;
  return { list_version, created_at, expires_at, root, publish, complete, missing };
}

async function write(path: string, lists: readonly KeyList[], exclusive: boolean): Promise<void> {
  try {
    await writeAtomic(path, keyListsFile(lists), { exclusive });
  } catch (thrown) {
    const cause = (thrown as { cause?: { code?: unknown } }).cause;
    if (cause?.code !== "EEXIST") throw thrown;
    throw new PlasmdError("usage", `There is already something at "${printable(path)}"`, {
      hint: `make the next list of it: plasmd publisher rotate ${printable(path)}`,
    });
  }
}
