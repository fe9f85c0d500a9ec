/**
 * How far an IP address reaches.
 *
 * @module
 */

import { isIPv4, isIPv6 } from "node:net";

/**
 * `loopback` stays on this machine, `private` in a network of somebody's own, `public` is the
 * internet; `none` is for addresses that no connection to a peer may use: unspecified, link-local
 * (without its interface), multicast, reserved.
 */
export type IpScope = "loopback" | "private" | "public" | "none";

/** The scope of an address; `none` for anything that is no address. */
export function ipScope(address: string): IpScope {
  if (isIPv4(address)) return v4Scope(address.split(".").map(Number));
  if (!isIPv6(address) || address.includes("%")) return "none";
  return v6Scope(groupsOf(address));
}

function v4Scope([a, b, c]: readonly number[]): IpScope {
  if (a === 127) return "loopback";
  // RFC 1918; RFC 6598 is the inside of a provider's NAT.
  if (a === 10 || (a === 172 && b! >= 16 && b! < 32) || (a === 192 && b === 168)) return "private";
  if (a === 100 && b! >= 64 && b! < 128) return "private";
  // RFC 6890: this network, link-local, protocol assignments, benchmarks, multicast and above.
  if (a === 0 || a! >= 224 || (a === 169 && b === 254)) return "none";
  if (a === 192 && b === 0 && c === 0) return "none";
  if (a === 198 && (b === 18 || b === 19)) return "none";
  return "public";
}

function v6Scope(groups: readonly number[]): IpScope {
  const first = groups[0]!;
  const embedded = embeddedV4(groups);
  if (embedded !== undefined) return v4Scope(embedded);
  if (groups.every((group, i) => group === (i === 7 ? 1 : 0))) return "loopback";
  // RFC 4193 unique local; RFC 4291 global unicast is all else that is given out.
  if ((first & 0xfe00) === 0xfc00) return "private";
  return (first & 0xe000) === 0x2000 ? "public" : "none";
}

/** The IPv4 address that an IPv6 one only wraps: mapped, NAT64 (RFC 6052), 6to4 (RFC 3056). */
function embeddedV4(groups: readonly number[]): number[] | undefined {
  const bytes = (high: number, low: number) => [high >> 8, high & 255, low >> 8, low & 255];
  const zeros = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0);
  if (zeros(0, 5) && groups[5] === 0xffff) return bytes(groups[6]!, groups[7]!);
  if (groups[0] === 0x64 && groups[1] === 0xff9b && zeros(2, 6)) {
    return bytes(groups[6]!, groups[7]!);
  }
  return groups[0] === 0x2002 ? bytes(groups[1]!, groups[2]!) : undefined;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const hex = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16);
    return `${hex(a, b)}:${hex(c, d)}`;
  });
  const [head = "", tail] = plain.split("::");
  const parts = (text: string) => text === "" ? [] : text.split(":").map((x) => parseInt(x, 16));
  const before = parts(head);
  const after = tail === undefined ? [] : parts(tail);
  return [...before, ...Array(8 - before.length - after.length).fill(0), ...after];
}
