/**
 * `plasmd version`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { programVersion } from "../../lib/version.ts";
import { command, jsonFlag } from "../command.ts";
import type { Context } from "../context.ts";

/** The command. */
export const versionCommand: Command<Context> = command<{ json: boolean }>({
  brief: "Print the version",
  examples: [
    ["plasmd version", "the version of this program"],
    ["plasmd version --json", "with commit, target and runtime"],
  ],
  flags: { json: jsonFlag },
  run({ ui }, { json }) {
    if (json) ui.json({ ...programVersion, runtime: `deno ${Deno.version.deno}` });
    else ui.result(`plasmd ${programVersion.version}`);
    return Promise.resolve();
  },
});
