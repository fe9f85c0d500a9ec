/**
 * A node of the DHT that serves nothing: others join by it.
 *
 * @module
 */

import { join } from "node:path";
import { identityFromSeed } from "../identity/key_file.ts";
import type { Deps } from "../lib/deps.ts";
import { p2pLimits } from "../lib/limits.ts";
import type { Daemon } from "./daemon.ts";
import { openNetwork } from "./network.ts";
import type { NodeOptions } from "./protocol.ts";

/**
 * Starts the node; it now and then logs how many others it knows.
 *
 * @throws {PlasmdError} `address_in_use` or `config`
 */
export async function startNode(
  { host, dht, stateDir, stateWritable, identity }: NodeOptions,
  deps: Deps,
): Promise<Daemon> {
  const { seed, keyid, peerId } = identityFromSeed(identity.seed, identity.file);
  const peersFile = stateWritable ? join(stateDir, "peers.json") : undefined;
  const network = await openNetwork({ ...dht, host, peersFile }, seed, deps);
  const stop = new AbortController();
  const report = async () => {
    for (let said = ""; !stop.signal.aborted;) {
      const { peers, table, held } = network.report();
      const now = `${peers} ${table > 0}`;
      if (now !== said) deps.log.info("Nodes of the DHT", { peers, table, held });
      said = now;
      // Whoever starts a node wants to see at once that it has joined.
      const ms = table > 0 ? p2pLimits.peersWriteMs : p2pLimits.joinLookMs;
      await deps.clock.sleep(ms, { signal: stop.signal });
    }
  };
  report().catch(() => {}); // it ends only when the node stops
  return {
    ready: {
      host,
      port: dht.port,
      origins: [],
      keyid,
      peerId,
      p2pAddresses: network.report().addresses,
      images: [],
    },
    reload: () => Promise.resolve(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await network[Symbol.asyncDispose]();
    },
  };
}
