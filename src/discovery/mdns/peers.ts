/**
 * Nodes of the DHT on the links of this machine, by the libp2p project's way of multicast DNS: a
 * random name under `_p2p._udp.local` whose TXT record holds multiaddrs. What is heard leads to a
 * dial, which proves the peer's identity; nothing else is believed.
 *
 * @module
 */

import { mdnsLimits } from "../../lib/limits.ts";
import { type Lanes, type MdnsDeps, openLanes } from "./lanes.ts";
import { isOnLink, type Lane, type Link, type LinkChoice } from "./links.ts";
import { nameKey, sameName } from "./names.ts";
import { type DnsRecord, makeMessage, type Message } from "./packet.ts";
import { ttls } from "./records.ts";

/** What nodes of the DHT are instances of. */
export const peerService = "_p2p._udp.local";

/** Who is announced, and who is told of others. */
export interface PeersOptions {
  readonly peerId: string;
  /** The multiaddrs of this node, with `/p2p/`. */
  addresses(): readonly string[];
  /** Dials a peer, where that isn't connected already. */
  meet(address: string): Promise<void>;
  readonly choice: LinkChoice;
}

/** Announces and browses until it is disposed. Disposing it says goodbye. */
export interface PeerFinder extends AsyncDisposable {
  /** Says who we are again, at once: our addresses are others. */
  renew(): void;
}

/** Starts to announce this node and to look for others. */
export async function findPeers(options: PeersOptions, deps: MdnsDeps): Promise<PeerFinder> {
  const { clock, log } = deps;
  const name = `${deps.random.bytes(20).toHex()}.${peerService}`;
  const stop = new AbortController();
  const guests = makeGuests(options, deps);
  const current = new Map<string, Lane>();
  const answered = new Map<string, number>();
  let lanes: Lanes | undefined;
  const say = (lane: Lane, ttl: number) => {
    const message = announcement(name, addressesOn(lane.link, options.addresses()), ttl);
    if (message !== undefined) lanes?.send(lane.id, message);
  };
  const renew = () => current.forEach((lane) => say(lane, ttls.address));
  const opened = lanes = await openLanes(
    { choice: options.choice, lookMs: mdnsLimits.interfacesMs },
    {
      onLanes(all) {
        const fresh = all.filter((lane) => current.get(lane.id) !== lane);
        current.clear();
        all.forEach((lane) => current.set(lane.id, lane));
        for (const lane of fresh) greet(lanes, lane, say);
      },
      onMessage(lane, message) {
        if (message.response) return guests.hear(lane.link, message);
        const now = clock.steady();
        // RFC 6762 6: a record is sent to all once a second.
        if (!asksForUs(message) || now - (answered.get(lane.id) ?? -Infinity) < 1000) return;
        answered.set(lane.id, now);
        say(lane, ttls.address);
      },
      onIgnored: (error, { address }) => log.debug(error.message, { from: address }),
    },
    deps,
  );
  current.forEach((lane) => greet(opened, lane, say)); // the first were there before the sockets
  keepAsking(current, opened, stop.signal, deps);
  return {
    renew,
    async [Symbol.asyncDispose]() {
      stop.abort();
      current.forEach((lane) => say(lane, 0));
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** Asks who is there, and says who we are. */
function greet(lanes: Lanes | undefined, lane: Lane, say: (lane: Lane, ttl: number) => void): void {
  lanes?.send(lane.id, question());
  say(lane, ttls.address);
}

/** RFC 6762 5.2: each time twice as long, up to a limit. */
function keepAsking(
  lanes: ReadonlyMap<string, Lane>,
  opened: Lanes,
  signal: AbortSignal,
  { clock }: MdnsDeps,
): void {
  const ask = async () => {
    for (let ms: number = mdnsLimits.questionMs; !signal.aborted;) {
      await clock.sleep(ms, { signal });
      for (const id of lanes.keys()) opened.send(id, question());
      ms = Math.min(2 * ms, mdnsLimits.peerQuestionMaxMs);
    }
  };
  ask().catch(() => {}); // it ends only when nobody looks any more
}

function question(): Message {
  return makeMessage({ questions: [{ name: peerService, type: "PTR", unicast: false }] });
}

function asksForUs({ questions }: Message): boolean {
  return questions.some(({ name, type }) =>
    sameName(name, peerService) && (type === "PTR" || type === "ANY")
  );
}

function announcement(name: string, addresses: readonly string[], ttl: number) {
  if (addresses.length === 0) return undefined;
  const data = addresses.map((address) => `dnsaddr=${address}`);
  return makeMessage({
    response: true,
    answers: [{ name: peerService, type: "PTR", ttl, flush: false, data: name }],
    additionals: [{ name, type: "TXT", ttl, flush: true, data }],
  });
}

/** Our addresses that are of this link: no other is of use there, or anybody's business. */
export function addressesOn({ ipv4, ipv6 }: Link, addresses: readonly string[]): string[] {
  const ours = new Set([...ipv4, ...ipv6].map(({ address }) => address));
  return addresses.filter((text) => ours.has(readDnsaddr(text)?.host ?? ""))
    .slice(0, mdnsLimits.addresses);
}

/** A peer as a TXT record tells of it. */
export interface ToldPeer {
  readonly peer: string;
  readonly host: string;
  readonly address: string;
}

/** The peers that a response tells of and that can be on the link. */
export function peersIn(link: Link, { answers, additionals }: Message): ToldPeer[] {
  return [...answers, ...additionals].filter(isPeerText).flatMap(({ data }) =>
    data.flatMap((entry) => {
      const told = /^dnsaddr=/i.test(entry)
        ? readDnsaddr(entry.slice("dnsaddr=".length))
        : undefined;
      // DESIGN 8: mDNS addresses must be on the link.
      return told !== undefined && isOnLink(link, told.host) ? [told] : [];
    }).slice(0, mdnsLimits.addresses)
  );
}

function isPeerText(record: DnsRecord): record is DnsRecord & { readonly type: "TXT" } {
  return record.type === "TXT" && record.ttl > 0 &&
    nameKey(record.name).endsWith(`.${peerService}`);
}

/** Only IP over TCP means anything to us, and only with the peer's id. */
function readDnsaddr(address: string): ToldPeer | undefined {
  const form = /^\/ip[46]\/([\d.a-fA-F:]{2,45})\/tcp\/\d{1,5}(?:\/ws)?\/p2p\/(\w{40,64})$/;
  const [, host, peer] = form.exec(address) ?? [];
  return host === undefined ? undefined : { peer: peer!, host, address };
}

/** Dials those who are heard: so many in a minute, one address of a peer after the other. */
function makeGuests({ peerId, meet }: PeersOptions, { clock, log }: MdnsDeps) {
  let [since, dials] = [clock.steady(), 0];
  const dialling = new Set<string>();
  const dial = async (peer: string, addresses: readonly string[]) => {
    dialling.add(peer);
    try {
      for (const address of addresses) {
        if (await meet(address).then(() => true, () => false)) return;
      }
      log.debug("A node on the LAN was not reached", { peer });
    } finally {
      dialling.delete(peer);
    }
  };
  return {
    hear(link: Link, message: Message): void {
      const now = clock.steady();
      if (now - since >= 60_000) [since, dials] = [now, 0];
      const told = peersIn(link, message).filter(({ peer }) => peer !== peerId);
      for (const [peer, some] of Map.groupBy(told, (one) => one.peer)) {
        if (dialling.has(peer) || dialling.size >= mdnsLimits.peersDialled) continue;
        // DESIGN 8: a flood of names must not become a flood of dials.
        if (dials++ >= mdnsLimits.peersPerMinute) return;
        void dial(peer, some.map(({ address }) => address).slice(0, mdnsLimits.addresses));
      }
    },
  };
}
