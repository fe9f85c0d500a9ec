/**
 * `plasmd config check`
 *
 * @module
 */

import { loadPart } from "../../lib/part.ts";
import type { Command } from "@stricli/core";
import type { Config } from "../../config/resolve.ts";
import { command, jsonFlag } from "../command.ts";
import type { Context } from "../context.ts";
import { valueOf } from "../live_options.ts";

/** The command. */
export const configCheckCommand: Command<Context> = command<
  { json: boolean },
  [string | undefined]
>({
  brief: "Check a provider.toml, with the variables of this environment",
  examples: [
    ["plasmd config check", "the file that serve would read"],
    ["plasmd config check ./provider.toml", "this one"],
  ],
  flags: { json: jsonFlag },
  positional: {
    kind: "tuple",
    parameters: [{
      brief: "The file; default: the one that serve would read",
      placeholder: "FILE",
      parse: String,
      optional: true,
    }],
  },
  async run({ ui }, { json }, file) {
    const { loadConfig } = await import("../../config/load.ts");
    const config = await loadConfig({ config: file, env: (name) => Deno.env.get(name) });
    await checkAddresses(config);
    if (json) return ui.json({ valid: true, file: config.file ?? null });
    ui.result(config.file === undefined ? "No file: defaults and variables" : `${config.file}: ok`);
  },
});

/** Addresses have a grammar of their own, which the schema of the file doesn't know. */
async function checkAddresses(config: Config): Promise<void> {
  const { parseAddress, parseExternal } = await loadPart<
    typeof import("../../p2p/address.ts")
  >("addresses");
  const texts = (key: string) => valueOf<readonly string[]>(config, key);
  for (const text of texts("network.bootstrap")) parseAddress(text, "bootstrap address");
  const port = valueOf<number>(config, "network.p2p_port");
  for (const text of texts("network.external_address")) parseExternal(text, port);
}
