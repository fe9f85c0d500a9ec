/**
 * `plasmd publisher revoke`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command, textFlag } from "../command.ts";
import type { Context } from "../context.ts";
import { type ListFlags, listFlags, listsFile } from "../publisher_flags.ts";

/** The options of `publisher revoke`. */
type RevokeFlags = Pick<ListFlags, "expiresIn" | "key" | "output" | "json"> & {
  readonly replacement?: string;
};

/** The command. */
export const publisherRevokeCommand: Command<Context> = command<RevokeFlags, [string, string]>({
  brief: "Make the next key list without a key that was lost or stolen",
  description:
    "Takes one key out of the root keys or the publish keys, and puts --replacement in its place. " +
    "Clients refuse the revoked key as soon as they have seen a manifest with the next list; one " +
    "that sees none can be held to the old list until that expires.",
  examples: [
    [
      "plasmd publisher revoke keys.json ed25519:... --replacement ed25519:... --key root.key",
      "a stolen publish key",
    ],
    [
      "plasmd publisher revoke keys.json ed25519:... --replacement ed25519:... " +
      "--key anna.key --key ben.key --key new.key",
      "one of several root keys",
    ],
  ],
  flags: {
    replacement: textFlag("The key that takes its place", "KEYID"),
    ...listFlags,
  },
  positional: {
    kind: "tuple",
    parameters: [listsFile, { brief: "The key to revoke", placeholder: "KEYID", parse: String }],
  },
  async run({ ui, deps }, flags, file, keyid) {
    const { nextList, withoutKey } = await import("../../trust/next_list.ts");
    const { finishLists, readListsFile } = await import("../publisher_file.ts");
    const { replacement, expiresIn: lifetimeMs, output = file, key, json } = flags;
    const lists = await readListsFile(file);
    const plain = (text: string) => text.replace(/^root:/, "");
    const changes = withoutKey(lists.at(-1)!, plain(keyid), replacement && plain(replacement));
    const next = nextList(lists, { ...changes, lifetimeMs }, deps.clock.now());
    await finishLists(ui, next, { file: output, keys: key, json });
  },
});
