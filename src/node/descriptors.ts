/**
 * How many connections this process has descriptors for. A server that runs out of them can't
 * accept, and may never accept again: the limit on connections must be reached first.
 *
 * @module
 */

import * as fs from "node:fs/promises";
import { p2pLimits, serverLimits } from "../lib/limits.ts";

/** Descriptors for everything else: files, the hash cache, the runtime itself. */
const spare = 256;

/** Fewest connections, however few descriptors there are. */
const fewest = 16;

/** What else needs descriptors. */
export interface Neighbours {
  /** Whether there is a libp2p node, with connections of its own. */
  readonly p2p: boolean;
}

/**
 * The most connections that this process can keep, whatever was configured. Where the system doesn't
 * say, the usual limit.
 */
export async function connectionRoom(
  neighbours: Neighbours = { p2p: false },
  file: string = "/proc/self/limits",
): Promise<number> {
  const text = await fs.readFile(file, "utf8").catch(() => "");
  return connectionsFor(text, neighbours);
}

/** The limit on connections under the limits of a process as Linux writes them. */
export function connectionsFor(limits: string, { p2p }: Neighbours = { p2p: false }): number {
  // The soft limit: the runtime raises it to the hard one when it starts.
  const descriptors = /^Max open files +(\d+) /m.exec(limits)?.[1];
  if (descriptors === undefined) return serverLimits.connections;
  const kept = spare + (p2p ? p2pLimits.connections + p2pLimits.parallelDials : 0);
  return Math.max(fewest, Number(descriptors) - kept);
}
