/**
 * Searches on the LAN as clients make them that have just been started: milliseconds to the first
 * offer of each, as JSON; null where none came.
 *
 * Argument: searches.
 *
 * @module
 */

import { browseMdns } from "../../../src/discovery/mdns/browse.ts";
import { systemDeps } from "../../../src/lib/deps.ts";
import { silentLog } from "../../../src/lib/log.ts";

const searchMs = 5000;

async function browseOnce(): Promise<number | null> {
  const start = performance.now();
  const signal = AbortSignal.timeout(searchMs);
  const deps = { ...systemDeps(), log: silentLog };
  for await (const _ of browseMdns({ signal }, deps)) return performance.now() - start;
  return null;
}

async function main([searches]: readonly string[]): Promise<void> {
  const firsts: (number | null)[] = [];
  for (let i = 0; i < Number(searches); i++) firsts.push(await browseOnce());
  console.log(JSON.stringify({ firsts }));
}

if (import.meta.main) await main(Deno.args);
