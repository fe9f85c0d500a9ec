/**
 * Queries of the DHT, counted: the library says neither how many holders took something, nor that
 * a peer is dead.
 *
 * @module
 */

import type { PeerId, PeerInfo } from "@libp2p/interface";
import { MessageType, type QueryEvent } from "@libp2p/kad-dht";
import { CID } from "multiformats/cid";
import * as raw from "multiformats/codecs/raw";
import { create } from "multiformats/hashes/digest";
import { sha256 } from "../lib/bytes.ts";
import { p2pLimits } from "../lib/limits.ts";
import type { Kad } from "./libp2p.ts";

/** What a query needs to know of the node. */
export interface KadContext {
  readonly kad: Kad;
  /** Whether there is a connection to the peer. */
  readonly isConnected: (peer: PeerId) => boolean;
  /** Told of each message that a query sends. */
  readonly onSent?: () => void;
  /** Aborts when the node stops. */
  readonly stopping: AbortSignal;
}

/** CIDv1(raw, sha256(key)): the place of a key's providers. DESIGN 8. */
export function providerCid(key: string): CID {
  return CID.createV1(raw.code, create(0x12, sha256(new TextEncoder().encode(key))));
}

/** Runs a query to its end, or to that of its time; a peer that doesn't answer leaves the table. */
export async function* runQuery(
  { kad, isConnected, onSent, stopping }: KadContext,
  query: (options: { signal: AbortSignal }) => AsyncIterable<QueryEvent>,
  signal: AbortSignal,
): AsyncGenerator<QueryEvent> {
  // With no peers a query waits for ever.
  const timeout = AbortSignal.timeout(p2pLimits.queryMs);
  const all = AbortSignal.any([signal, timeout, stopping]);
  try {
    for await (const event of query({ signal: all })) {
      if (event.name === "SEND_QUERY") onSent?.();
      // Dead peers are never evicted from a table that isn't full.
      if (event.name === "QUERY_ERROR" && !all.aborted && !isConnected(event.from)) {
        await kad.routingTable.remove(event.from);
      }
      yield event;
    }
  } catch (thrown) {
    if (signal.aborted || !all.aborted) throw thrown;
  }
}

/** Announces a key. Returns how many holders were told; they don't say whether they took it. */
export async function provideKey(
  context: KadContext,
  key: string,
  signal: AbortSignal,
): Promise<number> {
  const cid = providerCid(key);
  const holders = new Set<string>();
  for await (const event of runQuery(context, (o) => context.kad.provide(cid, o), signal)) {
    if (event.name === "PEER_RESPONSE" && event.messageName === "ADD_PROVIDER") {
      holders.add(event.from.toString());
    }
  }
  return holders.size;
}

/**
 * The providers of a key, each once. The library's own query ends at some 20 of them; a walk then
 * asks every holder for its list.
 */
export async function* findKey(
  context: KadContext,
  key: string,
  signal: AbortSignal,
  walk = false,
): AsyncGenerator<{ readonly id: PeerId; readonly addresses: readonly string[] }> {
  const cid = providerCid(key);
  const seen = new Set<string>();
  const find = (o: { signal: AbortSignal }) => context.kad.findProviders(cid, o);
  for await (const event of runQuery(context, find, signal)) {
    if (event.name === "PROVIDER") yield* news(event.providers);
  }
  if (!walk) return;
  const ask = (o: { signal: AbortSignal }) => askHolders(context.kad, cid.multihash.bytes, o);
  for await (const event of runQuery(context, ask, signal)) {
    if (event.name === "PEER_RESPONSE") yield* news(event.providers);
  }

  function* news(providers: readonly PeerInfo[]) {
    for (const { id, multiaddrs } of providers) {
      const name = id.toString();
      if (seen.has(name)) continue;
      seen.add(name);
      yield { id, addresses: multiaddrs.map(String) };
    }
  }
}

/** Asks those who are nearest to a key, which are its holders, for the providers that each knows. */
async function* askHolders(
  kad: Kad,
  key: Uint8Array,
  { signal }: { signal: AbortSignal },
): AsyncGenerator<QueryEvent> {
  const holders: PeerId[] = [];
  for await (const event of kad.getClosestPeers(key, { signal })) {
    if (event.name === "FINAL_PEER") holders.push(event.peer.id);
    yield event;
  }
  const message = { type: MessageType.GET_PROVIDERS, key };
  const path = { index: -1, queued: 0, running: 0, total: 0 };
  for (let at = 0; at < holders.length; at += p2pLimits.holdersAsked) {
    const few = holders.slice(at, at + p2pLimits.holdersAsked);
    const answers = await Promise.all(few.map((holder) => {
      const all = AbortSignal.any([signal, AbortSignal.timeout(p2pLimits.exchangeMs)]);
      return Array.fromAsync(kad.network.sendRequest(holder, message, { signal: all, path }));
    }));
    for (const events of answers) yield* events;
  }
}

/** Puts a value. Returns how many holders answered with the very value. */
export async function putValue(
  context: KadContext,
  key: string,
  value: Uint8Array,
  signal: AbortSignal,
): Promise<number> {
  const bytes = new TextEncoder().encode(key);
  const holders = new Set<string>();
  for await (const event of runQuery(context, (o) => context.kad.put(bytes, value, o), signal)) {
    if (event.name === "PEER_RESPONSE" && event.messageName === "PUT_VALUE") {
      holders.add(event.from.toString());
    }
  }
  return holders.size;
}

/** The value that holders have, if any. */
export async function getValue(
  context: KadContext,
  key: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const bytes = new TextEncoder().encode(key);
  for await (const event of runQuery(context, (o) => context.kad.get(bytes, o), signal)) {
    if (event.name === "VALUE") return Uint8Array.from(event.value);
  }
  return undefined;
}
