/**
 * The peers that a node remembers over a restart: one file, written now and then.
 *
 * @module
 */

import { fromBase64, toBase64 } from "../lib/bytes.ts";
import type { Deps } from "../lib/deps.ts";
import { readBoundedIfThere, writeAtomic } from "../lib/files.ts";
import { p2pLimits } from "../lib/limits.ts";
import type { BoundedStore } from "./store.ts";

/** Fills the store from the file. What can't be read is no loss: the node then joins anew. */
export async function loadPeers(file: string, store: BoundedStore, { log }: Deps): Promise<void> {
  try {
    const bytes = await readBoundedIfThere(file, p2pLimits.peersFileBytes);
    if (bytes === undefined) return;
    store.takePeers(parsePeers(new TextDecoder().decode(bytes)));
  } catch (thrown) {
    log.warn("The peers that were remembered can't be read", { reason: thrown });
  }
}

/** The peers of a file's text; entries of another form are left out. */
export function parsePeers(text: string): [string, Uint8Array][] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) return [];
  return value.slice(0, p2pLimits.peersKept).flatMap((entry): [string, Uint8Array][] => {
    if (!Array.isArray(entry) || typeof entry[0] !== "string") return [];
    const bytes = typeof entry[1] === "string" ? fromBase64(entry[1]) : undefined;
    return bytes === undefined ? [] : [[entry[0], bytes]];
  });
}

/** Writes the latest peers. A state directory that can't be written costs nothing but a restart. */
export async function savePeers(file: string, store: BoundedStore, { log }: Deps): Promise<void> {
  const entries = store.peers().slice(-p2pLimits.peersKept)
    .map(([name, bytes]) => [name, toBase64(bytes)]);
  try {
    await writeAtomic(file, JSON.stringify(entries), { mode: 0o600 });
  } catch (thrown) {
    log.debug("Peers can't be remembered", { reason: thrown });
  }
}
