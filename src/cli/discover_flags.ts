/**
 * The flags of commands that find providers.
 *
 * @module
 */

import type { DiscoveryMode } from "../node/discover.ts";
import { bootstrapFlag } from "./dht_flags.ts";

/** What says where to look. */
export type DiscoveryFlags = {
  readonly mode?: DiscoveryMode;
  readonly bootstrap?: readonly string[];
};

/** `--mode` and `--bootstrap`. */
export const discoveryFlags = {
  mode: {
    kind: "enum",
    values: ["auto", "local", "internet"],
    brief: "Where to look: the LAN, the DHT, or both, which is the default",
    optional: true,
  },
  bootstrap: bootstrapFlag,
} as const;

/** The bootstrap addresses of the flags, else those of PLASMD_BOOTSTRAP. */
export function bootstrapOf({ bootstrap = [] }: DiscoveryFlags): readonly string[] {
  if (bootstrap.length > 0) return bootstrap;
  return (Deno.env.get("PLASMD_BOOTSTRAP") ?? "").split(/\s+/).filter((part) => part !== "");
}
