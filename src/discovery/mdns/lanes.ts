/**
 * The sockets of all links, kept in step with the interfaces of this machine.
 *
 * @module
 */

import { networkInterfaces } from "node:os";
import type { Deps } from "../../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../../lib/errors.ts";
import { mdnsPort } from "./answer.ts";
import {
  type Interfaces,
  isOnLink,
  type Lane,
  lanesOf,
  type Link,
  type LinkChoice,
  linksOf,
  sameLink,
} from "./links.ts";
import { decodeMessage, type Message } from "./packet.ts";
import type { Peer } from "./responder.ts";
import { type LaneSocket, type OpenLane, openLane } from "./socket.ts";

/** What multicast DNS needs of the machine. */
export interface MdnsDeps extends Deps {
  /** The interfaces; default: the system's. */
  readonly interfaces?: () => Interfaces;
  /** Opens sockets; default: the system's. */
  readonly open?: OpenLane;
}

/** How lanes are chosen and looked after. */
export interface LanesOptions {
  readonly choice: LinkChoice;
  /** Milliseconds between two looks at the interfaces. */
  readonly lookMs: number;
}

/** Who hears what happens on the lanes. */
export interface LanesListener {
  /** Other lanes than before. A lane whose addresses have changed is a new one. */
  onLanes(lanes: readonly Lane[]): void;
  onMessage(lane: Lane, message: Message, from: Peer): void;
  /** Somebody sent what nobody should. */
  onIgnored(error: PlasmdError, from: Peer): void;
}

/** Open lanes. Disposing them closes all sockets. */
export interface Lanes extends AsyncDisposable {
  send(lane: string, message: Message, to?: Peer): void;
  /** Lanes that can't be opened, and why. */
  failed(): ReadonlyMap<string, string>;
}

/** Opens the lanes there are, and goes on looking. */
export async function openLanes(
  options: LanesOptions,
  listener: LanesListener,
  deps: MdnsDeps,
): Promise<Lanes> {
  const open = new Map<string, OpenOne>();
  const failed = new Map<string, string>();
  const stopping = new AbortController();
  const look = async () => {
    const changed = await follow({ open, failed, listener, options, deps });
    if (changed) listener.onLanes([...open.values()].map(({ lane }) => lane));
  };
  await look();
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      await deps.clock.sleep(options.lookMs, { signal: stopping.signal });
      await look();
    }
  })().catch((thrown) => {
    if (!stopping.signal.aborted) deps.log.error("Lost the interfaces", { error: thrown });
  });
  return {
    send: (lane, message, to) => open.get(lane)?.socket.send(message, to),
    failed: () => failed,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await looking;
      await Promise.all([...open.values()].map(({ socket }) => socket[Symbol.asyncDispose]()));
      open.clear();
    },
  };
}

interface OpenOne {
  readonly lane: Lane;
  readonly socket: LaneSocket;
  broken: boolean;
}

interface Following {
  readonly open: Map<string, OpenOne>;
  readonly failed: Map<string, string>;
  readonly listener: LanesListener;
  readonly options: LanesOptions;
  readonly deps: MdnsDeps;
}

/** Closes and opens what has changed. Returns whether anything has. */
async function follow(all: Following): Promise<boolean> {
  const { open, failed, options, deps } = all;
  const interfaces = (deps.interfaces ?? networkInterfaces)();
  const wanted = lanesOf(keepLinks(linksOf(interfaces, options.choice), open));
  const gone = [...open].filter(([id, { lane, broken }]) =>
    broken || !wanted.some((one) => one.id === id && one.link === lane.link)
  );
  for (const [id, { socket }] of gone) {
    open.delete(id);
    await socket[Symbol.asyncDispose]();
  }
  const fresh = wanted.filter(({ id }) => !open.has(id));
  const opened = await Promise.all(fresh.map((lane) => openOne(lane, all)));
  for (const id of failed.keys()) if (!wanted.some((one) => one.id === id)) failed.delete(id);
  return gone.length > 0 || opened.some((one) => one);
}

/** The links that we have, as they are: who holds one sees that nothing has changed. */
function keepLinks(links: readonly Link[], open: ReadonlyMap<string, OpenOne>): Link[] {
  const known = [...open.values()].map(({ lane }) => lane.link);
  return links.map((link) => known.find((one) => sameLink(one, link)) ?? link);
}

async function openOne(lane: Lane, { open, failed, listener, deps }: Following): Promise<boolean> {
  const { id } = lane;
  let one: OpenOne | undefined;
  try {
    const socket = await (deps.open ?? openLane)(lane, {
      onDatagram: (bytes, from) => hear(lane, bytes, from, listener),
      onFailed: () => one && (one.broken = true),
    });
    one = { lane, socket, broken: false };
    open.set(id, one);
    failed.delete(id);
    return true;
  } catch (thrown) {
    const error = toPlasmdError(thrown);
    const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
    // Tried again at each look, said once.
    if (!failed.has(id)) deps.log.debug(error.message + cause, { lane: id });
    failed.set(id, error.message + cause);
    return false;
  }
}

function hear(lane: Lane, bytes: Uint8Array, from: Peer, listener: LanesListener): void {
  // Datagrams of other links arrive at an IPv4 socket, too: those are their own socket's.
  // RFC 6762 11: what comes from another link isn't heard.
  if (!isOnLink(lane.link, from.address)) return;
  let message: Message;
  try {
    message = decodeMessage(bytes);
  } catch (thrown) {
    return listener.onIgnored(toPlasmdError(thrown), from);
  }
  // RFC 6762 6 and 11: an answer comes from the port of multicast DNS.
  if (message.response && from.port !== mdnsPort) {
    const said = "An answer of multicast DNS came from another port";
    return listener.onIgnored(new PlasmdError("bad_source", said), from);
  }
  listener.onMessage(lane, message, from);
}
