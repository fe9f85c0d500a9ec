/**
 * `plasmd identity new`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context } from "../context.ts";

/** The command. */
export const identityNewCommand: Command<Context> = command<{ file?: string; json: boolean }>({
  brief: "Make a new key; an existing one is never replaced",
  examples: [
    ["plasmd identity new", "the key of this machine"],
    ["plasmd identity new --file publisher.key", "a publisher's key, kept elsewhere"],
  ],
  flags: {
    file: textFlag("Where the key goes, instead of the usual place", "FILE"),
    json: jsonFlag,
  },
  async run({ ui, deps }, { file, json }) {
    const { createIdentity } = await import("../../identity/key_file.ts");
    const identity = await createIdentity(file, deps);
    if (json) ui.json({ keyid: identity.keyid, peer_id: identity.peerId, file: identity.file });
    else {ui.result(
        `keyid    ${identity.keyid}\npeer id  ${identity.peerId}\nfile     ${identity.file}`,
      );}
  },
});
