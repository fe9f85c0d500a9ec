/**
 * The flags that the boot commands share, and the policy that they make.
 *
 * @module
 */

import { type ArtifactName, artifactNames } from "../formats/names.ts";
import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { textFlag, textsFlag } from "./command.ts";
import { archFlag, channelFlag } from "./flags.ts";
import { parseThreshold } from "./parse.ts";

/** What says whom to trust. */
export type TrustFlags = {
  readonly trust?: readonly string[];
  readonly threshold?: number;
  readonly trustPolicy?: string;
};

/** `--trust`, `--threshold` and `--trust-policy`. */
export const trustFlags = {
  trust: textsFlag(
    "A publisher's key, or root:KEYID for a root key; may be given several times",
    "KEYID",
  ),
  threshold: {
    kind: "parsed",
    parse: parseThreshold,
    brief: "How many of the keys must have signed; default: 1",
    placeholder: "N",
    optional: true,
  },
  trustPolicy: textFlag("A trust.toml, instead of the usual places", "FILE"),
} as const;

/** `--channel`, `--arch`, `--artifact`, `--allow-rollback` and `--state-dir`. */
export const imageFlags = {
  channel: { ...channelFlag, brief: "The channel that it must be for" },
  arch: { ...archFlag, brief: "The arch that it must be for" },
  artifact: {
    kind: "parsed",
    parse: parseArtifact,
    proposeCompletions: (): readonly string[] => artifactNames,
    brief: "Only this artifact: kernel, initramfs or rootfs; may be given several times",
    placeholder: "NAME",
    optional: true,
    variadic: true,
  },
  allowRollback: {
    kind: "boolean",
    brief: "Take an image that is older than the last accepted one",
    default: false,
    withNegated: false,
  },
  stateDir: textFlag("Where the last accepted manifests are kept", "DIR"),
} as const;

function parseArtifact(input: string): ArtifactName {
  const name = artifactNames.find((known) => known === input);
  if (name !== undefined) return name;
  throw new SyntaxError(
    `Unknown artifact "${printable(input)}": it is ${artifactNames.join(", ")}`,
  );
}

/** The policy that the flags and this machine's trust.toml make; undefined where there is none. */
export async function bootPolicy(flags: TrustFlags): Promise<TrustPolicy | undefined> {
  const { trust, threshold, trustPolicy } = flags;
  const { loadPolicy } = await import("../trust/load_policy.ts");
  const { policyPlaces } = await import("../trust/policy_file.ts");
  if (trustPolicy === undefined) {
    const userPolicy = policyPlaces((name) => Deno.env.get(name));
    return await loadPolicy({ trust, threshold, userPolicy });
  }
  const policy = await loadPolicy({ userPolicy: [trustPolicy] });
  // A file that was named and isn't there must not be passed over.
  if (policy === undefined) {
    throw new PlasmdError(
      "policy",
      `Cannot read "${printable(trustPolicy)}": there is no such file`,
    );
  }
  return await loadPolicy({ trust, threshold, userPolicy: [trustPolicy] });
}
