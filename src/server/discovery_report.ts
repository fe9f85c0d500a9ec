/**
 * How this node can be found: the part `discovery` of `/status`. DESIGN 7: own addresses and counts,
 * no address of another peer.
 *
 * @module
 */

/** One key of the DHT, as this node announces it. */
export interface AnnouncementReport {
  readonly channel: string;
  readonly arch: string;
  /** `provider`: a record that leads to this node; `value`: the plain URL for simple clients. */
  readonly kind: string;
  readonly key: string;
  /** When holders last took it, RFC 3339. */
  readonly published_at: string | null;
  /** How many holders were told then. */
  readonly holders: number;
  /** Why the last try failed, or reached too few. */
  readonly error: string | null;
}

/** How it stands with the DHT. */
export interface DhtReport {
  /** `joined`: there are peers; `joining`: bootstrap nodes are tried; `waiting`: none is named. */
  readonly state: string;
  /** What the state means, in a sentence. */
  readonly note: string;
  /** Own multiaddrs, with `/p2p/`: what others name as their bootstrap. */
  readonly addresses: readonly string[];
  /** Connected peers. */
  readonly peers: number;
  /** Peers in the routing table. */
  readonly table: number;
  /** Provider records that are held for others. */
  readonly held: number;
  /** Bootstrap addresses that are named, and those that are connected. */
  readonly bootstrap: number;
  readonly bootstrap_connected: number;
  readonly announcements: readonly AnnouncementReport[];
}

/** How it stands with multicast DNS. */
export interface MdnsReport {
  /** Interfaces on which this node speaks, each with 4 or 6: `eth0/4`. */
  readonly lanes: readonly string[];
  /** Where it can't, and why. */
  readonly failed: Readonly<Record<string, string>>;
  /** What is announced, and on how many of the interfaces its name was won. */
  readonly instances: readonly {
    readonly channel: string;
    readonly arch: string;
    readonly name: string;
    readonly lanes: number;
  }[];
}

/** The part `discovery`; what is switched off is absent. */
export interface DiscoveryReport {
  readonly dht?: DhtReport;
  readonly mdns?: MdnsReport;
}
