/**
 * `plasmd provider status`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context } from "../context.ts";
import {
  addrFlag,
  defaultAddress,
  privateText,
  type ProviderFlags,
  statusText,
  timeoutFlag,
} from "../provider_flags.ts";

/** The options of `provider status`. */
type StatusFlags = ProviderFlags & { readonly tokenFile?: string };

/** The command. */
export const providerStatusCommand: Command<Context> = command<StatusFlags>({
  brief: "Print how a running provider is",
  description: "Prints how a running provider is and what it serves. Exits 1 where it is " +
    "unhealthy, 5 where it can't be reached. The token, a file in the provider's state directory, " +
    "shows clients, paths and problems too. It travels as it is: send it over plain HTTP on this " +
    "machine only.",
  examples: [
    ["plasmd provider status", "the one on this machine, port 8080"],
    ["plasmd provider status --addr boot.example:9000 --json", "another one, for a program"],
    ["plasmd provider status --token-file /var/lib/plasm/token", "with clients and problems"],
  ],
  flags: {
    addr: addrFlag,
    timeout: timeoutFlag,
    tokenFile: textFlag("The provider's token, to see what is private", "FILE"),
    json: jsonFlag,
  },
  async run({ ui, deps, signal, exit }, { addr, timeout, tokenFile, json }) {
    const { fetchHealth, fetchStatus } = await import("../../node/provider_client.ts");
    const { readToken } = await import("../../node/token.ts");
    const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
    const query = { address: addr ?? defaultAddress, timeoutMs: timeout, token, signal };
    const status = await fetchStatus(query, deps);
    const health = await fetchHealth(query, deps);
    if (json) ui.json({ ...status, health });
    else {
      const more = status.private === undefined ? [] : [privateText(status.private)];
      ui.result([statusText(query.address, status, health), ...more].join("\n"));
    }
    if (health.status === "unhealthy") exit(1);
  },
});
