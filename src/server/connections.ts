/**
 * How many connections are open, in all and from one address. DESIGN 7.
 *
 * @module
 */

/** The limits of connections. */
export interface ConnectionLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** Counts connections. */
export interface Connections {
  /** Lets a connection in, or says which limit it exceeds. */
  enter(address: string): "entered" | "full" | "too_many";
  /** Takes note that a connection that was let in has ended. */
  leave(address: string): void;
}

/** Makes a count of nothing. */
export function countConnections(limits: ConnectionLimits): Connections {
  const perAddress = new Map<string, number>();
  let all = 0;
  return {
    enter(address) {
      const key = addressKey(address);
      const count = perAddress.get(key) ?? 0;
      if (all >= limits.connections) return "full";
      if (count >= limits.connectionsPerAddress) return "too_many";
      all++;
      perAddress.set(key, count + 1);
      return "entered";
    },
    leave(address) {
      const key = addressKey(address);
      const count = perAddress.get(key) ?? 0;
      all--;
      if (count <= 1) perAddress.delete(key);
      else perAddress.set(key, count - 1);
    },
  };
}

/**
 * What counts as one address: an IPv4 address, or the /64 of an IPv6 one, because that is what one
 * machine is given.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * equal(addressKey("::ffff:192.0.2.7"), "192.0.2.7");
 * equal(addressKey("2001:db8::1"), addressKey("2001:db8:0:0:ffff::2"));
 * ```
 */
export function addressKey(address: string): string {
  const plain = plainAddress(address.replace(/%.*$/, ""));
  return plain.includes(":") ? `${network64(plain)}::/64` : plain;
}

/** An address as people write it: an IPv4 one that came through an IPv6 socket is IPv4. */
export function plainAddress(address: string): string {
  const plain = address.toLowerCase();
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1] ?? plain;
}

/** The first four groups, written in one way. */
function network64(address: string): string {
  const [head = "", tail] = address.split("::");
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const all = [...left, ...new Array<string>(zeros).fill("0"), ...right];
  return all.slice(0, 4).map((group) => parseInt(group, 16).toString(16)).join(":");
}

/** A dotted tail counts as two groups. */
function groups(part: string): string[] {
  return part === "" ? [] : part.split(":").flatMap((g) => g.includes(".") ? ["0", "0"] : [g]);
}
