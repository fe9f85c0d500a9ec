/**
 * Whom a node dials and lets in. DESIGN 8: a stranger must not be able to aim us at an address.
 *
 * @module
 */

import type { ConnectionGater, MultiaddrConnection } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { type IpScope, ipScope } from "../lib/ip_scope.ts";
import { p2pLimits } from "../lib/limits.ts";
import { readAddress, scopeOf } from "./address.ts";

/** A gate whose rules can be widened by what a person has named. */
export interface Gate extends ConnectionGater {
  /** Lets addresses of a scope be dialled: a bootstrap address has it. */
  allow(scope: IpScope): void;
  /** Lets this one address be dialled: its peer was heard on our own link. */
  allowAddress(address: Multiaddr): void;
  /** Lets so many more dials of peers happen. */
  limitDials(dials: number): void;
}

/** A gate that lets only public addresses be dialled. */
export function makeGate(connections: () => readonly { remoteAddr: Multiaddr }[]): Gate {
  const scopes = new Set<IpScope>(["public"]);
  const met = new Set<string>();
  let left = Infinity;
  return {
    allow: (scope) => void scopes.add(scope),
    allowAddress(address) {
      if (met.size >= p2pLimits.addressesMet) met.delete(met.values().next().value!);
      met.add(endpointOf(address));
    },
    limitDials: (dials) => void (left = dials),
    // DESIGN 8: so many dials a lookup, whoever causes them.
    denyDialPeer: () => left-- <= 0,
    // DESIGN 8: private and loopback addresses only where a bootstrap address has that scope, or
    // where that very address is a neighbour's.
    denyDialMultiaddr: (address) => !scopes.has(scopeOf(address)) && !met.has(endpointOf(address)),
    // What can't be dialled by anybody isn't remembered: names, relays, link-local addresses.
    filterMultiaddrForPeer: (_peer, address) => scopeOf(address) !== "none",
    denyInboundConnection: (connection) => isCrowded(connection, connections()),
  };
}

function endpointOf(address: Multiaddr): string {
  const read = readAddress(address);
  return read === undefined ? "" : `${read.host} ${read.port}`;
}

function isCrowded(
  { remoteAddr }: MultiaddrConnection,
  connections: readonly { remoteAddr: Multiaddr }[],
): boolean {
  const host = readAddress(remoteAddr)?.host;
  if (host === undefined || ipScope(host) === "loopback") return false;
  const same = connections.filter((one) => readAddress(one.remoteAddr)?.host === host).length;
  return same >= p2pLimits.connectionsPerAddress;
}
