/**
 * `plasmd licenses`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command } from "../command.ts";
import type { Context } from "../context.ts";

/** The command. */
export const licensesCommand: Command<Context> = command({
  brief: "Print the licences of this program and of what it is made of",
  examples: [["plasmd licenses | less", "all texts that travel with the executable"]],
  flags: {},
  async run({ ui }) {
    const { licensesText } = await import("../../lib/licenses.ts");
    ui.result((await licensesText()).trimEnd());
  },
});
