/**
 * `plasmd provider list`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command, jsonFlag } from "../command.ts";
import type { Context } from "../context.ts";
import {
  addrFlag,
  artifactTable,
  defaultAddress,
  type ProviderFlags,
  timeoutFlag,
} from "../provider_flags.ts";

/** The command. */
export const providerListCommand: Command<Context> = command<ProviderFlags>({
  brief: "List what a running provider serves",
  description: "Lists the artifacts that a running provider serves. Exits 5 where it can't be " +
    "reached. What it says is not verified: plasmd boot fetch does that.",
  examples: [
    ["plasmd provider list", "the one on this machine, port 8080"],
    ["plasmd provider list --addr http://boot.example:9000", "another one"],
  ],
  flags: { addr: addrFlag, timeout: timeoutFlag, json: jsonFlag },
  async run({ ui, deps, signal }, { addr, timeout, json }) {
    const { fetchStatus } = await import("../../node/provider_client.ts");
    const query = { address: addr ?? defaultAddress, timeoutMs: timeout, signal };
    const { artifacts, manifests } = await fetchStatus(query, deps);
    if (json) ui.json({ artifacts, manifests });
    else if (artifacts.length === 0) ui.note("Nothing is served yet");
    else ui.result(artifactTable(artifacts));
  },
});
