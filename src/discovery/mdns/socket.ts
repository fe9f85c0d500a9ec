/**
 * Sockets of multicast DNS: one a lane, so that what is heard and said belongs to one interface.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import multicastDns from "multicast-dns";
import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import type { Lane } from "./links.ts";
import { libraryMessage, type Message } from "./packet.ts";
import type { Peer } from "./responder.ts";

/** An open socket. Disposing it closes it once what was sent has left. */
export interface LaneSocket extends AsyncDisposable {
  /** Sends to all on the lane, or to one. What can't be sent is lost, as on any network. */
  send(message: Message, to?: Peer): void;
}

/** What a socket tells. */
export interface LaneListener {
  onDatagram(bytes: Uint8Array, from: Peer): void;
  /** The socket can't be used any more. */
  onFailed(error: PlasmdError): void;
}

/** Opens a lane's socket. Throws where the interface has no multicast. */
export type OpenLane = (lane: Lane, listener: LaneListener) => Promise<LaneSocket>;

/** The library, as we use it. */
interface Library {
  on(event: "error" | "warning", listener: (error: Error) => void): void;
  once(event: "ready" | "networkInterface", listener: () => void): void;
  send(value: unknown, to: Peer | null, sent: (error?: Error | null) => void): void;
  destroy(done: () => void): void;
}

/** Opens a socket of the operating system. */
export async function openLane(lane: Lane, listener: LaneListener): Promise<LaneSocket> {
  const socket = listenOnly(
    createSocket({
      type: lane.family === 4 ? "udp4" : "udp6",
      reuseAddr: true,
      ...(lane.family === 6 ? { ipv6Only: true } : {}),
    }),
    listener,
  );
  const library = multicastDns({ ...groupOf(lane), socket }) as Library;
  await opened(library, lane);
  library.on("error", (error) => listener.onFailed(toPlasmdError(error)));
  const sending = new Set<Promise<void>>();
  return {
    send(message, to) {
      const { promise, resolve } = Promise.withResolvers<void>();
      sending.add(promise);
      promise.then(() => sending.delete(promise));
      library.send(libraryMessage(message), to ?? null, () => resolve());
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sending);
      await new Promise<void>((resolve) => library.destroy(resolve));
    },
  };
}

/**
 * The group and interface of a lane. Bound to the group's address, a socket gets no unicast datagram
 * that was meant for another program on the same port; bound to an IPv6 group with its interface it
 * gets none of another interface either.
 */
function groupOf({ link, family }: Lane) {
  if (family === 6) {
    const zone = `%${link.name}`;
    return { type: "udp6", ip: "ff02::fb", interface: `::${zone}`, bind: `ff02::fb${zone}` };
  }
  return { type: "udp4", interface: link.ipv4[0]!.address, bind: "224.0.0.251" };
}

/** The library decodes whatever comes, unbounded: datagrams go to the listener in its place. */
function listenOnly(socket: Socket, { onDatagram }: LaneListener): Socket {
  const emit = socket.emit.bind(socket);
  socket.emit = (event: string, ...values: unknown[]) => {
    if (event !== "message") return emit(event, ...values);
    const [bytes, { address, port }] = values as [Uint8Array, Peer];
    onDatagram(bytes, { address: address.replace(/%.*$/, ""), port });
    return true;
  };
  return socket;
}

/** Resolves once the socket is a member of the group; closes it where it can't be. */
async function opened(library: Library, { id }: Lane): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  library.on("error", reject);
  library.on("warning", reject);
  library.once("networkInterface", resolve);
  try {
    await promise;
  } catch (cause) {
    await new Promise<void>((done) => library.destroy(done)).catch(() => {});
    throw new PlasmdError("unsupported", `Cannot speak multicast DNS on ${id}`, { cause });
  }
}
