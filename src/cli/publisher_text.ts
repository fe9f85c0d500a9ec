/**
 * Key lists for people.
 *
 * @module
 */

import type { KeyList, KeyRole } from "../formats/key_list.ts";
import { parseTime } from "../formats/time.ts";
import { durationText } from "../lib/text.ts";
import { signersAmong } from "../trust/key_lists.ts";
import { missingOf } from "../trust/next_list.ts";
import { columns } from "./columns.ts";
import { missingText } from "./publisher_file.ts";

/** All lists, oldest first, and what the last one lacks. */
export function listsText(lists: readonly KeyList[], now: number): string {
  const missing = missingOf(lists);
  return [
    ...lists.flatMap((list, i) => [...listText(list, lists[i - 1], now), ""]),
    ...(missing.length === 0 ? ["complete: publish it with --key-lists FILE"] : []),
    ...missing.map(missingText),
  ].join("\n");
}

function listText(list: KeyList, before: KeyList | undefined, now: number): string[] {
  const left = parseTime(list.expires_at)! - now;
  const expiry = left > 0 ? `in ${durationText(left)}` : "expired";
  return [
    `key list ${list.list_version}`,
    ...columns([
      ["created", list.created_at],
      ["expires", `${list.expires_at} (${expiry})`],
      ["root", thresholdText(list.root)],
      ...list.root.keys.map((keyid) => ["", keyid]),
      ["publish", thresholdText(list.publish)],
      ...list.publish.keys.map((keyid) => ["", keyid]),
      ...signedRows(list, before),
    ]).map((line) => `  ${line}`.trimEnd()),
  ];
}

function thresholdText({ keys, threshold }: KeyRole): string {
  return `${threshold} of ${keys.length}`;
}

function signedRows(list: KeyList, before: KeyList | undefined): string[][] {
  const own = signersAmong(list, list.root);
  const old = before === undefined ? [] : signersAmong(list, before.root);
  const signers = [...new Set([...own, ...old])];
  return [
    ["signed by", signers.length === 0 ? "nobody" : signers[0]!],
    ...signers.slice(1).map((keyid) => ["", keyid]),
  ];
}
