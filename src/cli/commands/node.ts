/**
 * `plasmd node`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { PlasmdError } from "../../lib/errors.ts";
import { command, jsonFlag, textFlag } from "../command.ts";
import { onHangup } from "../hangup.ts";
import type { Context } from "../context.ts";
import { dhtNodeFlags } from "../dht_flags.ts";

/** The options of `node`. */
type NodeFlags = {
  readonly host?: string;
  readonly bootstrap?: readonly string[];
  readonly p2pPort?: number;
  readonly externalAddress?: readonly string[];
  readonly mdns?: boolean;
  readonly config?: string;
  readonly stateDir?: string;
  readonly json: boolean;
};

/** The command. */
export const nodeCommand: Command<Context> = command<NodeFlags>({
  brief: "Run a node of the DHT that serves nothing, for others to join by",
  description: "Runs a node of the DHT until Ctrl-C or SIGTERM. Providers and clients name its " +
    "address with --bootstrap. It needs no other node; with --bootstrap it joins those that there " +
    "are, and tries them for ever.",
  examples: [
    ["plasmd node --p2p-port 4001", "the first node of a network"],
    [
      "plasmd node --p2p-port 4001 --bootstrap /dnsaddr/boot.example --external-address 192.0.2.7",
      "another one, behind a router that passes the port on",
    ],
  ],
  flags: {
    host: textFlag("The address to listen on; default: all, IPv6 and IPv4", "H"),
    ...dhtNodeFlags,
    mdns: { kind: "boolean", brief: "Meet other nodes on the LAN", optional: true },
    config: textFlag("Read this provider.toml instead of the usual one", "FILE"),
    stateDir: textFlag("Where the peers that are known are kept", "DIR"),
    json: jsonFlag,
  },
  async run({ ui, deps, signal, logging }, flags) {
    const { loadConfig } = await import("../../config/load.ts");
    const { prepareNode } = await import("../../node/prepare.ts");
    const { runConfinedNode } = await import("../../node/confine.ts");
    const { dhtRequest } = await import("../serve_request.ts");
    const env = (name: string) => Deno.env.get(name);
    const config = await loadConfig({ flags: { ...flags }, env, config: flags.config });
    const dht = dhtRequest(config);
    if (dht === undefined) {
      throw new PlasmdError(
        "config",
        "The DHT is switched off: provider.advertisement.dht is false",
      );
    }
    const host = config.values["provider.host"] as string;
    const stateDir = config.values["provider.state_dir"] as string | undefined;
    await using prepared = await prepareNode({ host, dht, stateDir }, deps);
    await runConfinedNode(prepared.options, {
      logging,
      signal,
      // All that a node is told is fixed by its sockets; a SIGHUP must not end it all the same.
      onHangup,
      reread() {
        ui.note(
          "Nothing of a DHT node can change while it runs: restart it for a new configuration",
        );
        return Promise.resolve(undefined);
      },
      onReady({ keyid, peerId, p2pAddresses }) {
        if (flags.json) ui.json({ keyid, peer_id: peerId, p2p_addresses: p2pAddresses });
        else ui.result(["A node of the DHT; others join it by", ...p2pAddresses].join("\n  "));
      },
    });
  },
});
