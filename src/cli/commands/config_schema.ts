/**
 * `plasmd config schema`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command } from "../command.ts";
import type { Context } from "../context.ts";

/** The command. */
export const configSchemaCommand: Command<Context> = command<Record<never, never>>({
  brief: "Print the JSON schema of provider.toml, for editors",
  examples: [["plasmd config schema > provider.schema.json", "for an editor that checks TOML"]],
  flags: {},
  async run({ ui }) {
    const { configSchema } = await import("../../config/json_schema.ts");
    ui.json(configSchema());
  },
});
