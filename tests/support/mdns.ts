/**
 * A link in memory for multicast DNS: machines that hear each other, without a network.
 *
 * @module
 */

import type { Interfaces, Lane, Link } from "../../src/discovery/mdns/links.ts";
import type { MdnsDeps } from "../../src/discovery/mdns/lanes.ts";
import { decodeMessage, encodeMessage, type Message } from "../../src/discovery/mdns/packet.ts";
import type { Service } from "../../src/discovery/mdns/records.ts";
import type { OpenLane } from "../../src/discovery/mdns/socket.ts";
import { systemDeps } from "../../src/lib/deps.ts";
import { type FakeClock, fakeClock } from "./clock.ts";

/** A datagram that was sent. */
export interface Sent {
  readonly from: string;
  readonly to?: string;
  readonly message: Message;
  /** The steady time. */
  readonly at: number;
}

/** A link in memory. */
export interface FakeLink {
  readonly clock: FakeClock;
  /** All that was sent. */
  readonly sent: Sent[];
  /** What a machine with this IPv4 address needs. */
  machine(address: string, netmask?: string): MdnsDeps;
  /** Lets everybody hear these bytes. */
  inject(bytes: Uint8Array, from: { readonly address: string; readonly port: number }): void;
  /** Moves time on in small steps, so that answers cause answers. */
  pass(ms: number): Promise<void>;
}

/** Makes a link on which nobody is. */
export function fakeLink(): FakeLink {
  const clock = fakeClock();
  const sent: Sent[] = [];
  const ears = new Map<string, Set<Parameters<OpenLane>[1]>>();
  const tell = (bytes: Uint8Array, from: { address: string; port: number }, to?: string) => {
    for (const [address, listeners] of ears) {
      if (to !== undefined && to !== address) continue;
      for (const one of listeners) one.onDatagram(bytes, from);
    }
  };
  const openFor = (address: string): OpenLane => (_lane, listener) => {
    const mine = ears.get(address) ?? new Set();
    ears.set(address, mine.add(listener));
    return Promise.resolve({
      send(message, to) {
        sent.push({ from: address, to: to?.address, message, at: clock.steady() });
        tell(encodeMessage(message), { address, port: 5353 }, to?.address);
      },
      [Symbol.asyncDispose]() {
        mine.delete(listener);
        return Promise.resolve();
      },
    });
  };
  let seed = 1;
  return {
    clock,
    sent,
    inject: tell,
    machine: (address, netmask = "255.255.255.0") => {
      const all: Interfaces = { eth0: [{ address, netmask, family: "IPv4", internal: false }] };
      const bytes = (length: number) => {
        seed = (seed * 1103515245 + 12345) % 2 ** 31;
        return new Uint8Array(length).fill(seed >> 16);
      };
      const deps = systemDeps({ clock, random: { bytes } });
      return { ...deps, interfaces: () => all, open: openFor(address) };
    },
    async pass(ms) {
      for (let done = 0; done < ms; done += 10) {
        clock.advance(Math.min(10, ms - done));
        for (let i = 0; i < 12; i++) await Promise.resolve();
      }
    },
  };
}

/** A link with one IPv4 address. */
export function testLink(address = "192.0.2.1", bits = 24): Link {
  return { name: "eth0", loopback: false, ipv4: [{ address, bits }], ipv6: [] };
}

/** The IPv4 lane of a link. */
export function testLane(link: Link = testLink()): Lane {
  return { id: `${link.name}/4`, link, family: 4 };
}

/** A service with these changes. */
export function testService(changes: Partial<Service> = {}): Service {
  return {
    channel: "stable",
    arch: "x86_64",
    version: "1.0",
    path: "/manifest.json",
    keyid: `ed25519:${"ab".repeat(32)}`,
    sequence: 7,
    ...changes,
  };
}

/** The bytes of a query whose questions ask for a unicast answer. */
export function unicastQuery(message: Message): Uint8Array {
  const bytes = encodeMessage(message).slice();
  // The class is the last thing of a message that holds one question.
  bytes[bytes.length - 2]! |= 0x80;
  decodeMessage(bytes);
  return bytes;
}
