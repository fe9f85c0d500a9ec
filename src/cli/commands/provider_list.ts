/**
 * `plasmd provider list`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { Ignored } from "../../discovery/find.ts";
import { type Arch, defaultChannel, machineArch } from "../../formats/names.ts";
import { discoveryLimits } from "../../lib/limits.ts";
import { command, jsonFlag } from "../command.ts";
import type { Context, Run } from "../context.ts";
import { bootstrapOf, type DiscoveryFlags, discoveryFlags } from "../discover_flags.ts";
import { foundTable, ignoredLines, searchJson } from "../discover_text.ts";
import { archFlag, channelFlag } from "../flags.ts";
import {
  addrFlag,
  artifactTable,
  defaultAddress,
  type ProviderFlags,
  timeoutFlag,
} from "../provider_flags.ts";

/** The options of `provider list`. */
type ListFlags = ProviderFlags & DiscoveryFlags & {
  readonly network: boolean;
  readonly channel?: string;
  readonly arch?: Arch;
};

/** The command. */
export const providerListCommand: Command<Context> = command<ListFlags>({
  brief: "List what a running provider serves",
  description: "Lists the artifacts that a running provider serves. Exits 5 where it can't be " +
    "reached. What it says is not verified: plasmd boot fetch does that. With --network it lists " +
    "the providers of a channel and arch that are found on the LAN and in the DHT.",
  examples: [
    ["plasmd provider list", "the one on this machine, port 8080"],
    ["plasmd provider list --addr http://boot.example:9000", "another one"],
    [
      "plasmd provider list --network --channel stable --arch arm64",
      "all providers of an image that are found",
    ],
  ],
  flags: {
    addr: addrFlag,
    timeout: timeoutFlag,
    network: {
      kind: "boolean",
      brief: "List the providers that are found, instead of asking one",
      default: false,
      withNegated: false,
    },
    channel: { ...channelFlag, brief: "With --network: the channel; default: stable" },
    arch: { ...archFlag, brief: "With --network: the arch; default: this machine's" },
    ...discoveryFlags,
    json: jsonFlag,
  },
  async run(run, flags) {
    if (flags.network) return await listNetwork(run, flags);
    const { ui, deps, signal } = run;
    const { addr, timeout, json } = flags;
    const { fetchStatus } = await import("../../node/provider_client.ts");
    const query = { address: addr ?? defaultAddress, timeoutMs: timeout, signal };
    const { artifacts, manifests } = await fetchStatus(query, deps);
    if (json) ui.json({ artifacts, manifests });
    else if (artifacts.length === 0) ui.note("Nothing is served yet");
    else ui.result(artifactTable(artifacts));
  },
});

/** All providers that are found in the time there is. Nobody at all is an answer, too. */
async function listNetwork({ ui, deps, signal }: Run, flags: ListFlags): Promise<void> {
  const { discoverProviders } = await import("../../node/discover.ts");
  const target = { channel: flags.channel ?? defaultChannel, arch: flags.arch ?? machineArch() };
  const mode = flags.mode ?? "auto";
  const ignored: Ignored[] = [];
  const found = await discoverProviders({
    ...target,
    mode,
    bootstrap: bootstrapOf(flags),
    all: true,
    timeoutMs: flags.timeout ?? discoveryLimits.timeoutMs,
    signal,
    onIgnored: (one) => ignored.length < discoveryLimits.ignoredKept && ignored.push(one),
  }, deps);
  if (flags.json) return ui.json(searchJson(target, mode, found, ignored));
  for (const line of ignoredLines(ignored)) ui.note(line);
  if (found.length === 0) ui.note("Nobody was found");
  else ui.result(foundTable(found));
}
