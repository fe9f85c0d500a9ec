/**
 * Whether the DHT can be joined: each bootstrap node that is configured is dialled.
 *
 * @module
 */

import type { Clock } from "../../lib/clock.ts";
import { doctorLimits } from "../../lib/limits.ts";
import { printable } from "../../lib/text.ts";
import type { BootstrapStatus, P2pNode } from "../../p2p/options.ts";
import { failedWith, type Finding, ok, warning, wrong } from "./finding.ts";

/** What is configured, and how to join. */
export interface BootstrapProbe {
  /** Whether the node takes part in the DHT. */
  readonly enabled: boolean;
  readonly bootstrap: readonly string[];
  /** Tries all of them; throws where no node can be opened. */
  join(): Promise<readonly BootstrapStatus[]>;
}

/** One that answers is enough to join; none is wrong. */
export async function checkBootstrap(
  { enabled, bootstrap, join }: BootstrapProbe,
): Promise<Finding> {
  if (!enabled) return ok("the DHT is switched off");
  if (bootstrap.length === 0) return ok("skipped: no bootstrap node is configured");
  const todo = "check the address and the firewall, and that plasmd node runs there";
  try {
    const all = await join();
    const failed = all.filter(({ connected }) => !connected);
    const count = `${all.length - failed.length} of ${all.length} bootstrap nodes answered`;
    if (failed.length === 0) return ok(count);
    const reasons = failed.map(({ address, error = "no answer in time" }) =>
      `${printable(address)}: ${error}`
    );
    const found = `${count} (${reasons.join("; ")})`;
    return failed.length === all.length ? wrong(found, todo) : warning(found, todo);
  } catch (thrown) {
    return failedWith(thrown, todo);
  }
}

/** Waits until every bootstrap node has answered or failed once, or the time is over. */
export async function untilTried(
  node: Pick<P2pNode, "status">,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly BootstrapStatus[]> {
  const end = clock.steady() + doctorLimits.bootstrapMs;
  while (clock.steady() < end) {
    const { bootstrap } = node.status();
    if (bootstrap.every(({ connected, failures }) => connected || failures > 0)) return bootstrap;
    await clock.sleep(doctorLimits.lookMs, { signal });
  }
  return node.status().bootstrap;
}
