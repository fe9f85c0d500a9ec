/**
 * `plasmd provider status`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command, jsonFlag } from "../command.ts";
import type { Context } from "../context.ts";
import {
  addrFlag,
  defaultAddress,
  type ProviderFlags,
  statusText,
  timeoutFlag,
} from "../provider_flags.ts";

/** The command. */
export const providerStatusCommand: Command<Context> = command<ProviderFlags>({
  brief: "Print how a running provider is",
  description: "Prints how a running provider is and what it serves. Exits 1 where it is " +
    "unhealthy, 5 where it can't be reached.",
  examples: [
    ["plasmd provider status", "the one on this machine, port 8080"],
    ["plasmd provider status --addr boot.example:9000 --json", "another one, for a program"],
  ],
  flags: { addr: addrFlag, timeout: timeoutFlag, json: jsonFlag },
  async run({ ui, deps, signal, exit }, { addr, timeout, json }) {
    const { fetchHealth, fetchStatus } = await import("../../node/provider_client.ts");
    const query = { address: addr ?? defaultAddress, timeoutMs: timeout, signal };
    const status = await fetchStatus(query, deps);
    const health = await fetchHealth(query, deps);
    if (json) ui.json({ ...status, health });
    else ui.result(statusText(query.address, status, health));
    if (health.status === "unhealthy") exit(1);
  },
});
