/**
 * What a node is told, and what it can do: plain words, so that no part above knows libp2p.
 *
 * @module
 */

/** How a node is opened. */
export interface P2pOptions {
  /** The 32-byte seed of the node's key. */
  readonly seed: Uint8Array;
  /** The protocol of the DHT, like `/phase/kad/1.0.0`. */
  readonly dhtProtocol: string;
  /** Answers others' queries and holds their records; without it the node only asks. */
  readonly server: boolean;
  /** Where to listen; nothing where it is missing. */
  readonly listen?: ListenOptions;
  /** Multiaddrs and dnsaddr names of nodes to join by. */
  readonly bootstrap: readonly string[];
  /** Judges a value that somebody wants kept; throws what is wrong with it. */
  readonly checkValue?: (key: Uint8Array, value: Uint8Array) => void;
  /** The first segment of the keys whose values are kept. */
  readonly valueNamespace: string;
  /** The key of a private network: nobody without it gets in. */
  readonly psk?: Uint8Array;
  /** A file for the peers that are remembered. */
  readonly peersFile?: string;
  /** Name and version, as other nodes see them. */
  readonly agent: string;
  /** Connections in all; default: as many as the limits say. */
  readonly connections?: number;
  /** Looks up names; default: the system's. */
  readonly names?: NameLookup;
}

/** Where a node listens, and what it announces of that. */
export interface ListenOptions {
  /** An IP address; `::` is all addresses, IPv6 and IPv4. */
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** More addresses to announce: multiaddrs or IP addresses. */
  readonly external: readonly string[];
}

/** Looks up names of bootstrap nodes. */
export interface NameLookup {
  /** IP addresses of a name. */
  addresses(name: string): Promise<readonly string[]>;
  /** Texts of a name's TXT records. */
  texts(name: string): Promise<readonly string[]>;
}

/** How it stands with one bootstrap address. */
export interface BootstrapStatus {
  readonly address: string;
  readonly connected: boolean;
  /** Tries in a row that failed. */
  readonly failures: number;
  /** Why the last try failed. */
  readonly error?: string;
}

/** How it stands with a node. */
export interface P2pStatus {
  /** Connected peers. */
  readonly peers: number;
  /** Peers in the routing table of the DHT. */
  readonly table: number;
  readonly bootstrap: readonly BootstrapStatus[];
  /** Provider records held for others. */
  readonly held: number;
  /** Messages that our own queries of the DHT have sent. */
  readonly sent: number;
}

/** An answer, and where it came from. */
export interface Answer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The address at which the peer was reached: an IP address. */
  readonly host: string;
  /** Milliseconds from the question to the answer. */
  readonly latencyMs: number;
}

/** How a peer is asked. */
export interface AskOptions {
  readonly protocol: string;
  readonly question: Uint8Array;
  /** Bytes of an answer at most. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** A protocol of ours that others may use. */
export interface Service {
  readonly protocol: string;
  /** Bytes of a question at most. */
  readonly maxBytes: number;
  /** Streams in all at one time; default: as many as the limits say. */
  readonly streams?: number;
  /** The answer, or undefined where there is none: the stream is then closed. */
  answer(
    question: Uint8Array,
    peer: string,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** A running node. Disposing it closes every connection. */
export interface P2pNode extends AsyncDisposable {
  readonly peerId: string;
  /** The multiaddrs that it announces, with `/p2p/`. */
  addresses(): readonly string[];
  /** Calls back when they have changed. */
  onAddresses(listener: () => void): Disposable;
  status(): P2pStatus;
  /** Resolves once another node is in the routing table; at once where one is. */
  joined(signal: AbortSignal): Promise<void>;
  /** Offers a protocol. */
  serve(service: Service): Promise<void>;
  /** Asks a peer one question. */
  ask(peer: string, options: AskOptions): Promise<Answer>;
  /** Says in the DHT that this node provides a key. Returns how many holders were told. */
  provide(key: string, signal: AbortSignal): Promise<number>;
  /** Stops saying so; what holders have been told they forget by themselves. */
  withdraw(key: string): Promise<void>;
  /**
   * Who provides a key, each peer once, as they are found.
   *
   * @param walk asks every holder of the key; without it some 20 providers are the end
   */
  providers(key: string, signal: AbortSignal, walk?: boolean): AsyncIterable<string>;
  /** Puts a value under a key. Returns how many holders have taken it. */
  put(key: string, value: Uint8Array, signal: AbortSignal): Promise<number>;
  /** The value that holders have under a key, if any. */
  get(key: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /**
   * Dials a peer that was heard on our own link, where it isn't connected; this one address may be
   * private. Throws where nobody answers there, or somebody else.
   */
  meet(address: string): Promise<void>;
  /** Lets so many more dials happen, whoever causes them; default: any number. */
  limitDials(dials: number): void;
}
