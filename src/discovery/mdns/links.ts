/**
 * The links of this machine, and which addresses are on one: facts about addresses, without a socket.
 *
 * @module
 */

import { isIPv4, isIPv6 } from "node:net";

/** An address of an interface, as the system lists it. */
export interface InterfaceEntry {
  readonly address: string;
  readonly netmask: string;
  readonly family: string;
  readonly internal: boolean;
}

/** All interfaces by name. */
export type Interfaces = Readonly<Record<string, readonly InterfaceEntry[] | undefined>>;

/** An address of ours and how many of its bits are the link's. */
export interface LinkAddress {
  readonly address: string;
  readonly bits: number;
}

/** One interface, as far as one IPv4 network of it goes. */
export interface Link {
  readonly name: string;
  /** The network, where the interface has another one that was there first. */
  readonly network?: string;
  readonly loopback: boolean;
  readonly ipv4: readonly LinkAddress[];
  readonly ipv6: readonly LinkAddress[];
}

/** One way to speak on a link: RFC 6762 20 treats IPv4 and IPv6 as two networks. */
export interface Lane {
  /** `eth0/4`: the same as long as the interface keeps its name. `eth0/4/10.1.2.0/24`: another network. */
  readonly id: string;
  readonly link: Link;
  readonly family: 4 | 6;
}

/** Which interfaces are meant. */
export interface LinkChoice {
  /** The server's host: a wildcard means every interface, an address only its own. */
  readonly host: string;
  /** Whether loopback counts among every interface. */
  readonly loopback: boolean;
}

/** The links that are meant, with the addresses that are. DESIGN 14 */
export function linksOf(interfaces: Interfaces, { host, loopback }: LinkChoice): Link[] {
  const meant = ({ address, family, internal }: InterfaceEntry) => {
    if (host === "::") return loopback || !internal;
    if (host === "0.0.0.0") return family === "IPv4" && (loopback || !internal);
    return address === host || (host === "localhost" && internal);
  };
  return Object.entries(interfaces).flatMap(([name, entries = []]): Link[] => {
    const chosen = entries.filter(meant);
    const of = (family: string) =>
      chosen.filter((entry) => entry.family === family)
        .map(({ address, netmask }) => ({ address, bits: bitsOf(netmask) }));
    const loopback = entries.some((e) => e.internal);
    // RFC 6762 11: who is on one network hears no sender of another, so each has a sender of its own.
    const [first = [], ...others] = byNetwork(of("IPv4"));
    const link = { name, loopback, ipv4: first, ipv6: of("IPv6") };
    const more = others.map((ipv4) => ({
      ...{ name, network: networkOf(ipv4[0]!), loopback, ipv4, ipv6: [] },
    }));
    return chosen.length === 0 ? [] : [link, ...more];
  });
}

/** The addresses of each network, in the order of the first ones. */
function byNetwork(addresses: readonly LinkAddress[]): LinkAddress[][] {
  return [...Map.groupBy(addresses, networkOf).values()];
}

/** `10.1.2.0/24` */
function networkOf({ address, bits }: LinkAddress): string {
  const host = BigInt(32 - bits);
  const value = Number(addressBits(address)! >> host << host);
  return `${[24, 16, 8, 0].map((shift) => value >>> shift & 255).join(".")}/${bits}`;
}

/** The ways to speak on these links. */
export function lanesOf(links: readonly Link[]): Lane[] {
  return links.flatMap((link) =>
    ([4, 6] as const)
      .filter((family) => (family === 4 ? link.ipv4 : link.ipv6).length > 0)
      .map((family) => ({
        id: [link.name, family, ...(link.network === undefined ? [] : [link.network])].join("/"),
        link,
        family,
      }))
  );
}

/** Whether two links have the same addresses. */
export function sameLink(a: Link, b: Link): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Whether an address is on the link. RFC 6762 11 and DESIGN 8: a sender from elsewhere isn't heard,
 * and no client is sent to an address elsewhere.
 */
export function isOnLink(link: Link, address: string): boolean {
  const value = addressBits(address);
  if (value === undefined) return false;
  if (isIPv6(address) && value >> 118n === 0x3fan) return !link.loopback;
  const ours = isIPv4(address) ? link.ipv4 : link.ipv6;
  const all = isIPv4(address) ? 32 : 128;
  return ours.some((own) => {
    // A link that would be most of the internet is a mistake in somebody's netmask.
    if (own.bits < 8) return false;
    const host = BigInt(all - own.bits);
    const sameNetwork = addressBits(own.address)! >> host === value >> host;
    // The first and the last address of an IPv4 network are no machine's.
    const low = value & ((1n << host) - 1n);
    const machine = all === 128 || host < 2n || (low !== 0n && low !== (1n << host) - 1n);
    return sameNetwork && machine;
  });
}

/** Whether the address means nothing without its interface: fe80::/10. */
export function isLinkLocal(address: string): boolean {
  return isIPv6(address) && addressBits(address)! >> 118n === 0x3fan;
}

/** How many bits of a netmask are set; 0 for anything that is no netmask. */
function bitsOf(netmask: string): number {
  const value = addressBits(netmask) ?? 0n;
  return value.toString(2).replaceAll("0", "").length;
}

/** An address as a number, or undefined. */
function addressBits(address: string): bigint | undefined {
  if (isIPv4(address)) {
    return address.split(".").reduce((sum, part) => sum << 8n | BigInt(part), 0n);
  }
  if (!isIPv6(address) || address.includes("%")) return undefined;
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.map(Number);
    return `${(a! << 8 | b!).toString(16)}:${(c! << 8 | d!).toString(16)}`;
  });
  const [head = "", tail] = plain.split("::");
  const groups = (text: string) => text === "" ? [] : text.split(":");
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = Array(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].reduce((sum, one) => sum << 16n | BigInt(`0x${one}`), 0n);
}
