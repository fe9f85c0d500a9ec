/**
 * Names of bootstrap nodes → IP multiaddrs. Only names that a person wrote are looked up. DESIGN 8.
 *
 * @module
 */

import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { lookup, resolveTxt } from "node:dns/promises";
import { p2pLimits } from "../lib/limits.ts";
import { readAddress, writeAddress } from "./address.ts";
import type { NameLookup } from "./options.ts";

/** The system's own way of looking up names. */
export const systemNames: NameLookup = {
  addresses: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
  texts: async (name) => (await resolveTxt(name)).map((parts) => parts.join("")),
};

/** Every IP multiaddr that an address stands for; itself where it names none. */
export async function resolveAddress(
  address: Multiaddr,
  names: NameLookup,
  depth = 0,
): Promise<Multiaddr[]> {
  const read = readAddress(address);
  if (read === undefined) return [];
  if (read.name === undefined) return [address];
  if (read.name === "dnsaddr") return await resolveTexts(read, names, depth);
  const hosts = await names.addresses(read.host);
  return hosts
    .filter((host) => read.name === "dns" || host.includes(":") === (read.name === "dns6"))
    .slice(0, p2pLimits.bootstrapNames)
    .map((host) => writeAddress({ ...read, host }));
}

/** `_dnsaddr.NAME` has texts of the form `dnsaddr=MULTIADDR`. */
async function resolveTexts(
  { host, peer }: { readonly host: string; readonly peer?: string },
  names: NameLookup,
  depth: number,
): Promise<Multiaddr[]> {
  // A name may stand for names of regions, and those for addresses; no deeper.
  if (depth >= 2) return [];
  const texts = await names.texts(`_dnsaddr.${host}`);
  const found: Multiaddr[] = [];
  for (const text of texts.slice(0, p2pLimits.bootstrapNames)) {
    const named = /^dnsaddr=(\/\S{1,512})$/.exec(text)?.[1];
    const address = named === undefined ? undefined : tryMultiaddr(named);
    if (address === undefined || (peer !== undefined && peerOf(address) !== peer)) continue;
    found.push(...await resolveAddress(address, names, depth + 1));
  }
  return found.slice(0, p2pLimits.bootstrapNames);
}

function peerOf(address: Multiaddr): string | undefined {
  return readAddress(address)?.peer;
}

function tryMultiaddr(text: string): Multiaddr | undefined {
  try {
    return multiaddr(text);
  } catch {
    return undefined;
  }
}
