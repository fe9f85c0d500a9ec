/**
 * Multiaddrs of peers: only IP over TCP, with or without WebSocket, means anything to us.
 *
 * @module
 */

import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { isIP, isIPv6 } from "node:net";
import { PlasmdError } from "../lib/errors.ts";
import { type IpScope, ipScope } from "../lib/ip_scope.ts";
import { printable } from "../lib/text.ts";

/** What a multiaddr of a peer says. */
export interface PeerAddress {
  /** An IP address, or a name where the address is a dns one. */
  readonly host: string;
  readonly port: number;
  /** Whether the host has to be looked up: `dnsaddr` stands for whole multiaddrs. */
  readonly name?: "dns" | "dns4" | "dns6" | "dnsaddr";
  readonly webSocket: boolean;
  readonly peer?: string;
}

/** What the multiaddr says, or undefined where it isn't of a kind that we use. */
export function readAddress(address: Multiaddr): PeerAddress | undefined {
  const parts = address.getComponents().map(({ name, value }) => ({ name, value: value ?? "" }));
  const peer = parts.at(-1)?.name === "p2p" ? parts.pop()!.value : undefined;
  const [first, second, third, ...rest] = parts;
  if (first?.name === "dnsaddr" && second === undefined) {
    return { host: first.value, port: 0, name: "dnsaddr", webSocket: false, peer };
  }
  if (second?.name !== "tcp" || (third && third.name !== "ws") || rest.length > 0) return undefined;
  const name = first!.name;
  const base = { host: first!.value, port: Number(second.value), webSocket: third !== undefined };
  if (name === "ip4" || name === "ip6") return { ...base, peer };
  if (name === "dns" || name === "dns4" || name === "dns6") return { ...base, name, peer };
  return undefined;
}

/** The scope of an address that names an IP address; `none` for all others. */
export function scopeOf(address: Multiaddr): IpScope {
  const read = readAddress(address);
  return read === undefined || read.name !== undefined ? "none" : ipScope(read.host);
}

/** The multiaddr of an IP address and port. */
export function writeAddress({ host, port, webSocket, peer }: PeerAddress): Multiaddr {
  const ip = isIPv6(host) ? "ip6" : "ip4";
  const tail = `${webSocket ? "/ws" : ""}${peer === undefined ? "" : `/p2p/${peer}`}`;
  return multiaddr(`/${ip}/${host}/tcp/${port}${tail}`);
}

/**
 * A multiaddr that a person wrote.
 *
 * @param what for the message: `bootstrap address`
 * @throws {PlasmdError} `config` where it is none that we can use
 */
export function parseAddress(text: string, what: string): Multiaddr {
  try {
    const address = multiaddr(text);
    if (readAddress(address) !== undefined) return address;
  } catch {
    // The message below says it better than the library.
  }
  throw new PlasmdError("config", `Invalid ${what} "${printable(text)}"`, {
    hint: "write a multiaddr like /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo... or " +
      "/dnsaddr/boot.example",
  });
}

/**
 * An address to announce: a multiaddr, or an IP address, which then has our own port.
 *
 * @throws {PlasmdError} `config`
 */
export function parseExternal(text: string, port: number): Multiaddr {
  if (isIP(text) !== 0 && port === 0) {
    throw new PlasmdError("config", `Cannot announce "${text}": the peer-to-peer port is any`, {
      hint: "choose the port with --p2p-port, or write /ip4/203.0.113.7/tcp/4001",
    });
  }
  if (isIP(text) !== 0) return writeAddress({ host: text, port, webSocket: false });
  const address = parseAddress(text, "external address");
  const { name } = readAddress(address)!;
  if (name === undefined) return address;
  throw new PlasmdError("config", `Invalid external address "${printable(text)}": it is a name`, {
    hint: "give the IP address, like 203.0.113.7 or /ip4/203.0.113.7/tcp/4001",
  });
}
