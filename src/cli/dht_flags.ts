/**
 * The flags of commands that take part in the DHT.
 *
 * @module
 */

import { textsFlag } from "./command.ts";
import { parsePort } from "./parse.ts";

/** `--bootstrap MA`, any number of times. */
export const bootstrapFlag: ReturnType<typeof textsFlag<"MA">> = textsFlag(
  "A node of the DHT to join by: a multiaddr or /dnsaddr/NAME; may be given several times",
  "MA",
);

/** The flags of a node that others can reach. */
export const dhtNodeFlags = {
  bootstrap: bootstrapFlag,
  p2pPort: {
    kind: "parsed",
    parse: parsePort,
    brief: "The peer-to-peer port; 0 takes any free one; default: 0",
    placeholder: "N",
    optional: true,
  },
  externalAddress: textsFlag(
    "An address to announce beside our own: a multiaddr or an IP; may be given several times",
    "MA",
  ),
} as const;
