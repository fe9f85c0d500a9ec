/**
 * What the boot commands say.
 *
 * @module
 */

import type { BootOutcome, BootStage } from "../boot/run.ts";
import type { ArtifactName } from "../formats/names.ts";
import { printable } from "../lib/text.ts";
import type { VerifiedManifest } from "../trust/verified.ts";

/** One line that names a verified image. */
export function imageText({ manifest, signers }: VerifiedManifest): string {
  return `${manifest.channel}/${manifest.arch} ${manifest.version}, ` +
    `sequence ${manifest.sequence}, signed by ${signers.join(", ")}`;
}

/** The members of a verified image in JSON. */
export function imageJson(
  { manifest, id, signers }: VerifiedManifest,
): Readonly<Record<string, unknown>> {
  const { version, sequence, channel, arch, created_at, expires_at } = manifest;
  return { manifest_id: id, version, sequence, channel, arch, created_at, expires_at, signers };
}

/** What a boot says before it leaves, or instead of leaving. */
export function outcomeText(outcome: BootOutcome): string {
  const done = outcome.kind === "loaded" ? "loaded" : "verified, nothing was loaded";
  return [
    `image         ${imageText(outcome.verified)}`,
    `providers     ${outcome.providers.map((name) => printable(name)).join(", ") || "none"}`,
    `command line  ${outcome.cmdline}`,
    `handed over   ${namesText(outcome.handedOver)}`,
    ...(outcome.leftOut.length === 0 ? [] : [
      `left out      ${namesText(outcome.leftOut)} (no room in memory: fetched again)`,
    ]),
    `kernel        ${done}`,
  ].join("\n");
}

/** The same in JSON. */
export function outcomeJson(outcome: BootOutcome): Readonly<Record<string, unknown>> {
  return {
    ...imageJson(outcome.verified),
    outcome: outcome.kind,
    providers: outcome.providers,
    cmdline: outcome.cmdline,
    handed_over: outcome.handedOver,
    left_out: outcome.leftOut,
  };
}

function namesText(names: readonly ArtifactName[]): string {
  return names.join(", ") || "nothing";
}

/** What a stage of a boot is called. */
export const stageText = {
  discover: "looking for providers",
  fetch: "fetching and verifying",
  seal: "copying what was verified into sealed memory",
  load: "loading the kernel",
  start: "starting the kernel",
} as const satisfies Record<BootStage, string>;
