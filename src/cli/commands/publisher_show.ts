/**
 * `plasmd publisher show`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command, jsonFlag } from "../command.ts";
import type { Context } from "../context.ts";
import { listsFile } from "../publisher_flags.ts";

/** The command. */
export const publisherShowCommand: Command<Context> = command<{ json: boolean }, [string]>({
  brief: "Print key lists: whose keys count, until when, and which signatures are missing",
  examples: [["plasmd publisher show keys.json", "look before you sign"]],
  flags: { json: jsonFlag },
  positional: { kind: "tuple", parameters: [listsFile] },
  async run({ ui, deps }, { json }, file) {
    const { checkComplete } = await import("../../trust/next_list.ts");
    const { listResult, readListsFile } = await import("../publisher_file.ts");
    const { listsText } = await import("../publisher_text.ts");
    const lists = await readListsFile(file);
    checkComplete(lists, true);
    if (json) return ui.json({ ...listResult(lists), key_lists: lists });
    ui.result(listsText(lists, deps.clock.now()));
  },
});
