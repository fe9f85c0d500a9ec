/**
 * What was found, for people and for programs.
 *
 * @module
 */

import type { Ignored } from "../discovery/find.ts";
import type { ImageTarget } from "../discovery/keys.ts";
import { manifestUrlOf } from "../discovery/probe.ts";
import type { Judged } from "../discovery/rank.ts";
import { durationText, printable } from "../lib/text.ts";
import { columns } from "./columns.ts";

/** The line that scripts read: `MANIFEST_URL=...`, or the URL alone. */
export function urlLine({ offer }: Judged, quiet: boolean): string {
  const { href } = manifestUrlOf(offer);
  return quiet ? href : `MANIFEST_URL=${href}`;
}

/** One provider, for programs. */
export function foundJson(judged: Judged): Readonly<Record<string, unknown>> {
  const { offer, status, manifestId, version, sequence, signers, latencyMs } = judged;
  return {
    manifest_url: manifestUrlOf(offer).href,
    origin: offer.origin,
    channel: offer.channel,
    arch: offer.arch,
    peer_id: offer.peer ?? null,
    found_by: offer.via,
    same_link: offer.sameLink,
    latency_ms: latencyMs === undefined ? null : Math.round(latencyMs * 10) / 10,
    load: offer.load ?? null,
    verified: status === "verified",
    version: version ?? null,
    sequence: sequence ?? null,
    manifest_id: manifestId ?? null,
    signers,
    gone: offer.gone ?? false,
  };
}

/** The whole result, for programs. */
export function searchJson(
  { channel, arch }: ImageTarget,
  mode: string,
  found: readonly Judged[],
  ignored: readonly Ignored[],
): Readonly<Record<string, unknown>> {
  return {
    channel,
    arch,
    mode,
    providers: found.map(foundJson),
    ignored: ignored.map(({ peer, error }) => ({
      peer: printable(peer),
      code: error.code,
      reason: printable(error.message),
    })),
  };
}

/** What is known of each provider, a line each. */
export function foundTable(found: readonly Judged[]): string {
  return columns([
    ["PROVIDER", "FOUND BY", "VERSION", "SEQUENCE", "LATENCY", "SIGNED BY"],
    ...found.map(({ offer, status, version = "-", sequence, signers, latencyMs }) => [
      printable(offer.origin),
      offer.via,
      printable(version),
      String(sequence ?? "-"),
      latencyMs === undefined ? "-" : durationText(latencyMs),
      `${signers.join(" ") || "nobody"}${status === "verified" ? "" : " (not verified)"}`,
    ]),
  ]).join("\n");
}

/** Why offers were passed over, a line each. */
export function ignoredLines(ignored: readonly Ignored[]): string[] {
  return ignored.map(({ peer, error }) => `${printable(peer)} is passed over: ${error.message}`);
}
