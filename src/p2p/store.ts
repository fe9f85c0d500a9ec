/**
 * What a node remembers for the DHT and of its peers: in memory, bounded whatever strangers send;
 * the peers can be taken out, to be kept on a disk.
 *
 * @module
 */

import { BaseDatastore } from "datastore-core";
import { Key, type KeyQuery, type Pair, type Query } from "interface-datastore";
import { p2pLimits } from "../lib/limits.ts";

/** How many entries a group of keys may have, and how large one may be. */
interface Bounds {
  readonly entries: number;
  readonly bytes: number;
}

const providerPrefix = "/dht/provider";
const peerPrefix = "/peers";

const bounds: Readonly<Record<string, Bounds>> = {
  [peerPrefix]: { entries: p2pLimits.peersHeld, bytes: p2pLimits.peerBytes },
  "/dht/record": { entries: p2pLimits.valuesHeld, bytes: 2 * p2pLimits.valueBytes },
  [providerPrefix]: { entries: p2pLimits.providersPerKey, bytes: 64 },
};
const otherBounds: Bounds = { entries: 64, bytes: 16 * 1024 };

/** A datastore of libp2p's kind. */
export class BoundedStore extends BaseDatastore {
  /** Parent of a key → name → value: a key of the DHT is a group of its own. */
  readonly #groups = new Map<string, Map<string, Uint8Array>>();
  #providers = 0;
  /** Random fraction below 1; decides who makes room. */
  readonly #chance: () => number;
  /** The name under which a peer's addresses are stored. */
  readonly #peerKey: (peer: string) => string | undefined;

  constructor(chance: () => number, peerKey: (peer: string) => string | undefined) {
    super();
    this.#chance = chance;
    this.#peerKey = peerKey;
  }

  override put(key: Key, value: Uint8Array): Promise<Key> {
    const { parent, name } = split(key);
    const { entries, bytes } = boundsOf(parent);
    if (value.length > bytes) return Promise.reject(new RangeError(`Too large to keep: ${key}`));
    const group = this.#groups.get(parent) ?? new Map<string, Uint8Array>();
    const isNew = !group.has(name);
    if (isNew && group.size >= entries) this.#makeRoom(parent, group);
    if (isNew && isProvider(parent) && this.#providers >= p2pLimits.providersHeld) {
      return Promise.reject(new RangeError("No room for provider records"));
    }
    group.set(name, value);
    this.#groups.set(parent, group);
    if (isNew && isProvider(parent)) this.#providers++;
    return Promise.resolve(key);
  }

  override get(key: Key): Promise<Uint8Array> {
    const { parent, name } = split(key);
    const value = this.#groups.get(parent)?.get(name);
    if (value !== undefined) return Promise.resolve(value);
    return Promise.reject(Object.assign(new Error("Not found"), { name: "NotFoundError" }));
  }

  override has(key: Key): Promise<boolean> {
    const { parent, name } = split(key);
    return Promise.resolve(this.#groups.get(parent)?.has(name) ?? false);
  }

  override delete(key: Key): Promise<void> {
    const { parent, name } = split(key);
    this.#remove(parent, name);
    return Promise.resolve();
  }

  override *_all(query: Query): Generator<Pair> {
    for (const [key, value] of this.#matching(query.prefix)) yield { key: new Key(key), value };
  }

  override *_allKeys(query: KeyQuery): Generator<Key> {
    for (const [key] of this.#matching(query.prefix)) yield new Key(key);
  }

  /** What is known of peers, the latest last. */
  peers(): [name: string, value: Uint8Array][] {
    return [...this.#groups.get(peerPrefix) ?? []];
  }

  /** Takes over peers that were kept. */
  takePeers(peers: readonly (readonly [name: string, value: Uint8Array])[]): void {
    const usable = peers.filter(([name, value]) =>
      /^[a-z0-9]{1,128}$/.test(name) && value.length <= p2pLimits.peerBytes
    );
    this.#groups.set(peerPrefix, new Map(usable));
  }

  /** Provider records that are held. */
  get providers(): number {
    return this.#providers;
  }

  *#matching(prefix = "/"): Generator<[string, Uint8Array]> {
    const exact = this.#groups.get(prefix.replace(/\/$/, ""));
    const groups = exact === undefined
      ? [...this.#groups].filter(([parent]) => `${parent}/`.startsWith(prefix))
      : [[prefix.replace(/\/$/, ""), exact] as const];
    for (const [parent, group] of groups) {
      for (const [name, value] of [...group]) {
        // A provider of whom nothing is known any more would hide all others of its key.
        if (isProvider(parent) && !this.#isKnown(name)) this.#remove(parent, name);
        else yield [`${parent}/${name}`, value];
      }
    }
  }

  #isKnown(peer: string): boolean {
    const key = this.#peerKey(peer);
    return key !== undefined && (this.#groups.get(peerPrefix)?.has(key) ?? false);
  }

  /** A random one goes: whoever could tell which one would know how to bury it. */
  #makeRoom(parent: string, group: ReadonlyMap<string, Uint8Array>): void {
    const names = [...group.keys()];
    this.#remove(parent, names[Math.floor(this.#chance() * names.length)]!);
  }

  #remove(parent: string, name: string): void {
    const group = this.#groups.get(parent);
    if (!group?.delete(name)) return;
    if (isProvider(parent)) this.#providers--;
    if (group.size === 0) this.#groups.delete(parent);
  }
}

function split(key: Key): { parent: string; name: string } {
  const text = key.toString();
  const at = text.lastIndexOf("/");
  return { parent: text.slice(0, at), name: text.slice(at + 1) };
}

function isProvider(parent: string): boolean {
  return parent.startsWith(`${providerPrefix}/`);
}

function boundsOf(parent: string): Bounds {
  return bounds[isProvider(parent) ? providerPrefix : parent] ?? otherBounds;
}
