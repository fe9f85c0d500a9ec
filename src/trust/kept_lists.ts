/**
 * The newest key lists that this machine has accepted, beside its floors: a key that was revoked
 * must not come back with older lists. DESIGN 5 and 10.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { join } from "node:path";
import { canonicalBytes } from "../formats/json.ts";
import { type KeyList, keyListsFile, type KeyRole, parseKeyLists } from "../formats/key_list.ts";
import { sha256Hex } from "../lib/bytes.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { readBoundedIfThere, writeAtomic } from "../lib/files.ts";
import { formatLimits } from "../lib/limits.ts";
import type { Log } from "../lib/log.ts";
import { lastOf, newestChain } from "./key_lists.ts";
import type { KnownLists } from "./signing.ts";
import type { AcceptedChain } from "./verified.ts";

/**
 * All key lists that are kept. Whose they are, walking them from pinned keys shows: so they still
 * count when a policy pins other keys of the same publisher, and a forged file counts nothing.
 *
 * @throws {PlasmdError} `io` or `permission` where something is there and can't be read
 */
export async function readKeptLists(directory: string, log: Log): Promise<KnownLists> {
  const names = (await namesIn(directory)).filter((name) => /^keys-[0-9a-f]{32}\.json$/.test(name));
  const kept: (readonly KeyList[])[] = [];
  for (const name of names.sort()) {
    const lists = await readLists(join(directory, name), log);
    if (lists !== undefined) kept.push(lists);
  }
  return kept;
}

/** Keeps the lists, unless newer ones are kept already. The caller holds the lock. */
export async function writeKeptLists(
  directory: string,
  { pinned, lists }: AcceptedChain,
  log: Log,
): Promise<void> {
  const path = join(directory, nameOf(pinned));
  const kept = newestChain([await readLists(path, log) ?? []], pinned);
  if (kept !== undefined && lastOf(kept).list_version >= lists.at(-1)!.list_version) return;
  await writeAtomic(path, keyListsFile(lists));
}

/** One file for each set of pinned keys. */
function nameOf({ keys, threshold }: KeyRole): string {
  const pins = canonicalBytes({ keys: [...keys].sort(), threshold });
  return `keys-${sha256Hex(pins).slice(0, 32)}.json`;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await fs.readdir(directory);
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === "ENOENT") return [];
    throw toPlasmdError(thrown, "Cannot read the accepted key lists");
  }
}

async function readLists(path: string, log: Log): Promise<readonly KeyList[] | undefined> {
  try {
    const max = formatLimits.keyListsBytes * 2;
    const bytes = await readBoundedIfThere(path, max, { followLinks: false });
    return bytes && parseKeyLists(bytes);
  } catch (thrown) {
    const { code } = toPlasmdError(thrown);
    if (!(thrown instanceof PlasmdError) || !["malformed", "too_large"].includes(code)) {
      throw thrown;
    }
    log.warn("The accepted key lists are damaged: they are dropped", { file: path });
    return undefined;
  }
}
