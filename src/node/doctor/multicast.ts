/**
 * Whether multicast DNS works: a datagram sent on each interface is heard on it.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import type { Lane } from "../../discovery/mdns/links.ts";
import { toPlasmdError } from "../../lib/errors.ts";
import { doctorLimits } from "../../lib/limits.ts";
import { type Finding, ok, warning } from "./finding.ts";

/** What the check needs. */
export interface MulticastProbe {
  readonly lanes: readonly Lane[];
  /** Resolves once a datagram was heard that was sent there; throws why it wasn't. */
  hear(lane: Lane): Promise<void>;
}

/** All lanes are tried at the same time. */
export async function checkMulticast({ lanes, hear }: MulticastProbe): Promise<Finding> {
  if (lanes.length === 0) {
    return warning(
      "no interface but loopback has an address",
      "connect a network, or name providers by URL",
    );
  }
  const failed = (await Promise.all(lanes.map(async (lane) => {
    try {
      await hear(lane);
      return [];
    } catch (thrown) {
      return [`${lane.id}: ${toPlasmdError(thrown).message}`];
    }
  }))).flat();
  const names = lanes.map(({ id }) => id).join(", ");
  if (failed.length === 0) return ok(`heard on ${names}`);
  return warning(
    `not heard (${failed.join("; ")})`,
    "let UDP port 5353 through the firewall in both directions; without it providers on the LAN " +
      "are found only by the DHT or by URL",
  );
}

/** Sends a question on the lane, as the daemon does, and waits until it comes back. */
export async function hearOurselves(lane: Lane, question: Uint8Array): Promise<void> {
  const socket = createSocket({
    type: lane.family === 4 ? "udp4" : "udp6",
    reuseAddr: true,
    ...(lane.family === 6 ? { ipv6Only: true } : {}),
  });
  const heard = Promise.withResolvers<void>();
  const timer = setTimeout(
    () => heard.reject(new Error("nothing came back")),
    doctorLimits.multicastMs,
  );
  socket.on("error", heard.reject);
  socket.on("message", (bytes) => {
    if (sameBytes(bytes, question)) heard.resolve();
  });
  try {
    await Promise.race([join(socket, lane), heard.promise]);
    const group = lane.family === 4 ? group4 : `${group6}%${lane.link.name}`;
    socket.send(question, mdnsPort, group, (error) => {
      if (error) heard.reject(error);
    });
    await heard.promise;
  } finally {
    clearTimeout(timer);
    heard.promise.catch(() => {});
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}

const mdnsPort = 5353;
const group4 = "224.0.0.251";
const group6 = "ff02::fb";

/** Bound to the group's address like the daemon's sockets, beside them. */
function join(socket: Socket, { link, family }: Lane): Promise<void> {
  const own = family === 4 ? link.ipv4[0]!.address : `::%${link.name}`;
  const [bound, group] = family === 4 ? [group4, group4] : [`${group6}%${link.name}`, group6];
  return new Promise((resolve, reject) => {
    socket.bind({ port: mdnsPort, address: bound }, () => {
      try {
        socket.addMembership(group, own);
        socket.setMulticastInterface(own);
        socket.setMulticastLoopback(true);
        resolve();
      } catch (thrown) {
        reject(thrown);
      }
    });
  });
}

/** A question for a name that nobody has, RFC 6762 18: its id and label tell it from others'. */
export function probeQuestion(random: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode(`plasmd-doctor-${random.toHex()}`);
  const local = new TextEncoder().encode("local");
  return Uint8Array.from([
    ...[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    ...[label.length, ...label, local.length, ...local, 0],
    ...[0, 1, 0, 1],
  ]);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
