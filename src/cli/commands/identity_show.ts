/**
 * `plasmd identity show`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context } from "../context.ts";

/** The command. */
export const identityShowCommand: Command<Context> = command<{ file?: string; json: boolean }>({
  brief: "Print this machine's keyid and peer id",
  examples: [["plasmd identity show", "the keyid that clients pin with --trust"]],
  flags: { file: textFlag("The key file, instead of the usual one", "FILE"), json: jsonFlag },
  async run({ ui }, { file, json }) {
    const { readIdentity } = await import("../../identity/key_file.ts");
    const identity = await readIdentity(file);
    if (json) ui.json({ keyid: identity.keyid, peer_id: identity.peerId, file: identity.file });
    else {ui.result(
        `keyid    ${identity.keyid}\npeer id  ${identity.peerId}\nfile     ${identity.file}`,
      );}
  },
});
