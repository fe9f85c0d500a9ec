/**
 * Who is connected, an entry an address.
 *
 * @module
 */

import type { ClientReport } from "./report.ts";

/** One connection of somebody. */
export interface Visit {
  readonly address: string;
  /** When it was opened, as the steady clock shows. */
  readonly since: number;
  /** Requests that are being answered or wait for it. */
  readonly pending: number;
}

/** The addresses that the connections come from, the busiest first. */
export function clientsOf(visits: Iterable<Visit>, now: number): ClientReport[] {
  const byAddress = Map.groupBy(visits, ({ address }) => address);
  return [...byAddress].map(([address, all]) => ({
    address,
    connections: all.length,
    requests: all.reduce((sum, { pending }) => sum + pending, 0),
    since_seconds: Math.floor((now - Math.min(...all.map(({ since }) => since))) / 1000),
  })).sort((a, b) => b.connections - a.connections);
}
