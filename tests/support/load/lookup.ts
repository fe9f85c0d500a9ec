/**
 * Lookups in a DHT as clients make them that have just been started. As a program: so many, on
 * the machine where it runs, as JSON.
 *
 * Arguments: lookups, and nodes to join by, one each.
 *
 * @module
 */

import { openDht } from "../../../src/discovery/dht.ts";
import { findInDht } from "../../../src/discovery/find.ts";
import { systemDeps } from "../../../src/lib/deps.ts";
import { silentLog } from "../../../src/lib/log.ts";

const lookupMs = 15_000;

/** One lookup by a client that has just been started. */
export interface Lookup {
  /** Milliseconds from the start of the client to the first record; undefined without one. */
  readonly first?: number;
  /** The same to the end of the lookup. */
  readonly all: number;
  /** Messages of the DHT until the first record, and in all. */
  readonly messagesFirst: number;
  readonly messages: number;
}

/** Joins by the node, looks up who serves stable/arm64, and leaves. */
export async function lookUpOnce(bootstrap: string): Promise<Lookup> {
  const deps = { ...systemDeps(), log: silentLog };
  const start = performance.now();
  await using node = await openDht({ bootstrap: [bootstrap] }, deps);
  const signal = AbortSignal.timeout(lookupMs);
  let first: number | undefined;
  let messagesFirst = 0;
  try {
    const target = { channel: "stable", arch: "arm64" } as const;
    for await (const _ of findInDht(node, { ...target, signal }, deps)) {
      if (first !== undefined) continue;
      first = performance.now() - start;
      messagesFirst = node.status().sent;
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
  return { first, messagesFirst, all: performance.now() - start, messages: node.status().sent };
}

async function main([tries, ...bootstrap]: readonly string[]): Promise<void> {
  const lookups: Lookup[] = [];
  for (let i = 0; i < Number(tries); i++) {
    lookups.push(await lookUpOnce(bootstrap[i % bootstrap.length]!));
  }
  console.log(JSON.stringify({ lookups }));
}

if (import.meta.main) await main(Deno.args);
