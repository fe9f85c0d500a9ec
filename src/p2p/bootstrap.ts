/**
 * Keeps a node joined: libp2p dials a bootstrap once, this goes on for ever.
 *
 * @module
 */

import type { Connection } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Deps } from "../lib/deps.ts";
import { toPlasmdError } from "../lib/errors.ts";
import { p2pLimits } from "../lib/limits.ts";
import { printable } from "../lib/text.ts";
import { parseAddress, scopeOf } from "./address.ts";
import type { Gate } from "./gate.ts";
import { resolveAddress, systemNames } from "./names.ts";
import type { BootstrapStatus, NameLookup } from "./options.ts";

/** What keeping joined needs of the node. */
export interface BootstrapContext {
  readonly gate: Pick<Gate, "allow">;
  readonly names?: NameLookup;
  dial(address: Multiaddr, signal: AbortSignal): Promise<Connection>;
  /** Aborts when the node stops. */
  readonly stopping: AbortSignal;
}

/** Keeps joined by each address until the node stops. Returns how it stands with each. */
export function keepJoined(
  addresses: readonly string[],
  context: BootstrapContext,
  deps: Deps,
): () => readonly BootstrapStatus[] {
  const keepers = [...new Set(addresses)].slice(0, p2pLimits.bootstraps)
    .map((text) => keeper(text, context, deps));
  return () => keepers.map((status) => status());
}

function keeper(text: string, context: BootstrapContext, deps: Deps): () => BootstrapStatus {
  const address = parseAddress(text, "bootstrap address");
  let connection: Connection | undefined;
  let failures = 0;
  let error: string | undefined;
  const isConnected = () => connection?.status === "open";
  const { stopping } = context;

  async function look(): Promise<void> {
    if (isConnected()) return;
    try {
      connection = await dialAny(address, context);
      if (failures > 0) deps.log.info("Joined by a bootstrap node", { address: text });
      failures = 0;
      error = undefined;
    } catch (thrown) {
      if (stopping.aborted) return;
      error = printable(toPlasmdError(thrown).message);
      if (failures++ === 0) {
        deps.log.warn("Cannot reach a bootstrap node yet", { address: text, reason: error });
      }
    }
  }

  async function keep(): Promise<void> {
    while (!stopping.aborted) {
      await look();
      const ms = isConnected() ? p2pLimits.bootstrapCheckMs : pause(failures, deps);
      await deps.clock.sleep(ms, { signal: stopping });
    }
  }

  keep().catch(() => {}); // it ends only when the node stops
  return () => ({ address: text, connected: isConnected(), failures, error });
}

/** Doubled each time, with up to a quarter taken off, so that nodes don't come all at once. */
function pause(failures: number, { random }: Deps): number {
  const doubled = p2pLimits.bootstrapRetryMs * 2 ** Math.min(failures - 1, 20);
  const ms = Math.min(doubled, p2pLimits.bootstrapRetryMaxMs);
  return ms * (1 - random.bytes(1)[0]! / 1024);
}

async function dialAny(
  address: Multiaddr,
  { gate, names = systemNames, dial, stopping }: BootstrapContext,
): Promise<Connection> {
  let last: unknown = new Error("the name stands for no address");
  for (const one of await resolveAddress(address, names)) {
    gate.allow(scopeOf(one));
    try {
      return await dial(one, AbortSignal.any([stopping, AbortSignal.timeout(p2pLimits.dialMs)]));
    } catch (thrown) {
      last = thrown;
    }
  }
  throw last;
}
