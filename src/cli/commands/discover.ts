/**
 * `plasmd discover`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { Ignored } from "../../discovery/find.ts";
import type { ImageTarget } from "../../discovery/keys.ts";
import type { Judged } from "../../discovery/rank.ts";
import { type Arch, defaultChannel, machineArch } from "../../formats/names.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { discoveryLimits } from "../../lib/limits.ts";
import type { DiscoverOptions } from "../../node/discover.ts";
import { bootPolicy, type TrustFlags, trustFlags } from "../boot_flags.ts";
import { command, jsonFlag } from "../command.ts";
import type { Context, Run } from "../context.ts";
import { bootstrapOf, type DiscoveryFlags, discoveryFlags } from "../discover_flags.ts";
import { foundJson, foundTable, ignoredLines, searchJson, urlLine } from "../discover_text.ts";
import { archFlag, channelFlag } from "../flags.ts";
import { parseSeconds } from "../parse.ts";

/** The options of `discover`. */
type DiscoverFlags = TrustFlags & DiscoveryFlags & {
  readonly channel?: string;
  readonly arch?: Arch;
  readonly all: boolean;
  readonly watch: boolean;
  readonly timeout?: number;
  readonly json: boolean;
};

/** The command. */
export const discoverCommand: Command<Context> = command<DiscoverFlags>({
  brief: "Find who serves an image, on the LAN and in the DHT",
  description: "Looks for providers of a channel and arch, takes the manifest of each and prints " +
    "the URL of the best one: highest sequence, same link, shortest way. Without a policy nobody " +
    "is trusted, and nothing that is found is verified. Exit code 3: nobody was found in time.",
  examples: [
    ["plasmd discover --channel stable --arch arm64", "on the LAN"],
    [
      "plasmd discover --bootstrap /ip4/192.0.2.1/tcp/4001 --trust ed25519:... --all --json",
      "in the DHT too; everybody, for a program",
    ],
  ],
  flags: {
    channel: { ...channelFlag, brief: "The channel; default: stable" },
    arch: { ...archFlag, brief: "arm64 or x86_64; default: this machine's" },
    ...discoveryFlags,
    ...trustFlags,
    all: {
      kind: "boolean",
      brief: "Wait for all, and print each",
      default: false,
      withNegated: false,
    },
    watch: {
      kind: "boolean",
      brief: "Go on until Ctrl-C, and print each as it is found",
      default: false,
      withNegated: false,
    },
    timeout: {
      kind: "parsed",
      parse: parseSeconds,
      brief: "Give up after so long; default: 10 seconds",
      placeholder: "SECONDS",
      optional: true,
    },
    json: jsonFlag,
  },
  async run(run, flags) {
    const target = {
      channel: flags.channel ?? defaultChannel,
      arch: flags.arch ?? machineArch(),
    };
    const { discoverProviders } = await import("../../node/discover.ts");
    const ignored: Ignored[] = [];
    const options: DiscoverOptions = {
      ...target,
      mode: flags.mode ?? "auto",
      bootstrap: bootstrapOf(flags),
      policy: await bootPolicy(flags),
      all: flags.all,
      timeoutMs: flags.watch ? 0 : flags.timeout ?? discoveryLimits.timeoutMs,
      signal: run.signal,
      onFound: flags.watch ? (found) => sayFound(run, flags, found) : undefined,
      onIgnored: (one) => ignored.length < discoveryLimits.ignoredKept && ignored.push(one),
    };
    const found = await discoverProviders(options, run.deps);
    sayAll(run, flags, { ...target, mode: options.mode }, found, ignored);
  },
});

/** With `--watch`: a line each, JSON lines for programs. */
function sayFound({ ui }: Run, { json }: DiscoverFlags, found: Judged): void {
  if (json) ui.terminal.stdout(`${JSON.stringify(foundJson(found))}\n`);
  else ui.result(found.offer.gone ? `GONE=${found.offer.origin}` : urlLine(found, ui.quiet));
}

function sayAll(
  { ui }: Run,
  { all, json }: DiscoverFlags,
  target: ImageTarget & { readonly mode: string },
  found: readonly Judged[],
  ignored: readonly Ignored[],
): void {
  if (json) ui.json(searchJson(target, target.mode, found, ignored));
  for (const line of json ? [] : ignoredLines(ignored)) ui.note(line);
  if (found.length === 0) {
    throw new PlasmdError("nothing_found", `Nobody serves ${target.channel}/${target.arch}`, {
      hint: ignored.length > 0
        ? "some were found, and none could be used"
        : "is a provider running, and can it be reached? --timeout waits longer",
    });
  }
  if (json) return;
  ui.note(foundTable(all ? found : found.slice(0, 1)));
  for (const one of all ? found : found.slice(0, 1)) ui.result(urlLine(one, ui.quiet));
}
