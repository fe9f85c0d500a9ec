/**
 * `plasmd publisher sign`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { PlasmdError } from "../../lib/errors.ts";
import { command } from "../command.ts";
import type { Context } from "../context.ts";
import { type ListFlags, listFlags, listsFile } from "../publisher_flags.ts";

/** The options of `publisher sign`. */
type SignFlags = Pick<ListFlags, "key" | "output" | "json">;

/** The command. */
export const publisherSignCommand: Command<Context> = command<SignFlags, [string]>({
  brief: "Add a root key's signature to the last key list",
  description:
    "Signs the last list of the file as it is, and says which signatures are still missing. Look " +
    "at it first: plasmd publisher show FILE. What is signed is in force once enough root keys " +
    "have signed it.",
  examples: [
    ["plasmd publisher sign keys.json --key ben.key", "the second of two people signs"],
    ["plasmd publisher sign keys.json --key ben.key --output signed.json", "into another file"],
  ],
  flags: { key: listFlags.key, output: listFlags.output, json: listFlags.json },
  positional: { kind: "tuple", parameters: [listsFile] },
  async run({ ui }, { key, output, json }, file) {
    const { checkComplete } = await import("../../trust/next_list.ts");
    const { finishLists, readListsFile } = await import("../publisher_file.ts");
    // The machine's own key is no root key: a root key is named.
    if (key === undefined || key.length === 0) {
      throw new PlasmdError("usage", "Nothing says which root key signs", {
        hint: `plasmd publisher sign ${file} --key FILE`,
      });
    }
    const lists = await readListsFile(file);
    checkComplete(lists, true);
    await finishLists(ui, lists, { file: output ?? file, keys: key, json });
  },
});
