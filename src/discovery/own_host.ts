/**
 * Which of our addresses is named where only one can be.
 *
 * @module
 */

import { type IpScope, ipScope } from "../lib/ip_scope.ts";

const order: readonly IpScope[] = ["public", "private", "loopback"];

/** The IP address of the multiaddr that reaches furthest, IPv4 first; undefined without any. */
export function bestHost(addresses: readonly string[]): string | undefined {
  const hosts = addresses.flatMap((address) => /^\/ip[46]\/([^/]+)\//.exec(address)?.[1] ?? []);
  const rank = (host: string) => 2 * order.indexOf(ipScope(host)) + (host.includes(":") ? 1 : 0);
  return hosts.filter((host) => order.includes(ipScope(host)))
    .toSorted((a, b) => rank(a) - rank(b))[0];
}
