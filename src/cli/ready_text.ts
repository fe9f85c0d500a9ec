/**
 * What a person reads when a provider is ready.
 *
 * @module
 */

import { printable } from "../lib/text.ts";
import { bytesText } from "../lib/text.ts";
import { selfCommandText } from "../lib/self.ts";
import { isLoopback } from "../node/addresses.ts";
import type { DaemonReady } from "../node/protocol.ts";

/** URLs, the keyid to pin, and the command with which another machine fetches. */
export function readyText(ready: DaemonReady, self: string = selfCommandText()): string {
  const lines: string[] = [];
  for (const image of ready.images) {
    lines.push(
      `Serving ${image.channel}/${image.arch} version ${printable(image.version)}` +
        `, valid until ${image.expiresAt}`,
    );
    for (const { name, size } of image.artifacts) {
      lines.push(`  ${name.padEnd(9)} ${bytesText(size).padStart(9)}`);
    }
  }
  lines.push("at", ...ready.origins.map((origin) => `  ${origin}/manifest.json`));
  const signers = [...new Set(ready.images.flatMap(({ signers }) => signers))];
  lines.push("signed by", ...signers.map((keyid) => `  ${keyid}`));
  lines.push(...fetchLines(ready, signers, self));
  return lines.join("\n");
}

function fetchLines(
  { origins, images }: DaemonReady,
  signers: readonly string[],
  self: string,
): string[] {
  const origin = origins[0];
  const image = images[0];
  if (origin === undefined || image === undefined || signers.length === 0) return [];
  const onlyHere = isLoopback(new URL(origin).hostname.replace(/^\[|\]$/g, ""));
  return [
    onlyHere
      ? "Fetch it on this machine (it listens on loopback only) with"
      : "Fetch it on another machine with",
    `  ${self} boot fetch ${origin} --trust ${signers[0]} --output ./fetched`,
  ];
}
