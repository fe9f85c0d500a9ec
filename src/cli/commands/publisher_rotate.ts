/**
 * `plasmd publisher rotate`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command } from "../command.ts";
import type { Context } from "../context.ts";
import { type ListFlags, listFlags, listsFile, roleFlags } from "../publisher_flags.ts";

/** The command. */
export const publisherRotateCommand: Command<Context> = command<ListFlags, [string]>({
  brief: "Make the next key list, with other keys or with the same ones for longer",
  description:
    "The keys and thresholds given take the place of the last list's; what isn't given stays. " +
    "The next list must be signed by enough root keys of the last list and of its own: with " +
    "--key now, or by 'plasmd publisher sign' on other machines. Clients follow it from their " +
    "pinned root keys as soon as a manifest carries it.",
  examples: [
    [
      "plasmd publisher rotate keys.json --publish ed25519:... --key root.key",
      "another key signs manifests",
    ],
    [
      "plasmd publisher rotate keys.json --root ed25519:... --key old-root.key --key new-root.key",
      "another root key",
    ],
    ["plasmd publisher rotate keys.json --key root.key", "the same keys for another half year"],
  ],
  flags: { ...roleFlags, ...listFlags },
  positional: { kind: "tuple", parameters: [listsFile] },
  async run({ ui, deps }, flags, file) {
    const { nextList } = await import("../../trust/next_list.ts");
    const { finishLists, readListsFile, roleFrom } = await import("../publisher_file.ts");
    const lists = await readListsFile(file);
    const last = lists.at(-1)!;
    const next = nextList(lists, {
      root: roleFrom(flags.root, flags.rootThreshold, last.root),
      publish: roleFrom(flags.publish, flags.publishThreshold, last.publish),
      lifetimeMs: flags.expiresIn,
    }, deps.clock.now());
    const { output = file, key, json } = flags;
    await finishLists(ui, next, { file: output, keys: key, json });
  },
});
