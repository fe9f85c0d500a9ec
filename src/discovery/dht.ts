/**
 * The DHT as this project uses it: a node with our network id and our rules for values.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { loadPart } from "../lib/part.ts";
import { programVersion } from "../lib/version.ts";
import type { ListenOptions, NameLookup, P2pNode } from "../p2p/options.ts";
import { checkValue } from "./keys.ts";

/** How a node of the DHT is opened. */
export interface DhtOptions {
  /** The 32-byte seed of the node's key; an ephemeral one where it is missing. */
  readonly seed?: Uint8Array;
  /** Where to listen. Without it the node is a client: it asks, and holds nothing for others. */
  readonly listen?: ListenOptions;
  readonly bootstrap: readonly string[];
  readonly psk?: Uint8Array;
  readonly peersFile?: string;
  readonly names?: NameLookup;
  /** Connections in all; at the limit newcomers are refused. */
  readonly connections?: number;
}

/** Opens a node; libp2p is loaded now, and not before. */
export async function openDht(options: DhtOptions, deps: Deps): Promise<P2pNode> {
  const { openP2pNode } = await loadPart<typeof import("../p2p/node.ts")>("p2p");
  const { seed = deps.random.bytes(32), listen, ...others } = options;
  return await openP2pNode({
    ...others,
    seed,
    listen,
    server: listen !== undefined,
    dhtProtocol: "/phase/kad/1.0.0",
    valueNamespace: "phase",
    checkValue,
    agent: `plasmd/${programVersion.version}`,
  }, deps);
}
