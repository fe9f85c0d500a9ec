/**
 * The policy of this run: one source decides, later ones only narrow. DESIGN 5.
 *
 * @module
 */

import { readBoundedIfThere } from "../lib/files.ts";
import { PlasmdError } from "../lib/errors.ts";
import { fileLimits } from "../lib/limits.ts";
import { type Narrowing, narrowingsOf, narrowPolicy } from "./narrow.ts";
import { pinsOf, policyFromKeys, rootPrefix, type TrustPolicy } from "./policy.ts";
import { parsePolicy } from "./policy_file.ts";

/** Keys and a threshold as flags or arguments give them. */
export interface PinnedKeys {
  readonly trust?: readonly string[];
  readonly threshold?: number;
}

/** The sources of a policy, the deciding one first. */
export interface PolicySources extends PinnedKeys {
  /** Path of the policy in the boot image. */
  readonly imagePolicy?: string;
  /** Paths of trust.toml, the deciding one first: those of `policyPlaces`. */
  readonly userPolicy?: readonly string[];
  /** `phase.trust` and `phase.threshold`. */
  readonly kernelCmdline?: PinnedKeys;
}

/**
 * The policy that the sources make, or undefined where none says anything. A file that isn't there
 * says nothing; one that can't be read or used is an error, never passed over.
 *
 * @throws {PlasmdError} `policy` where a source can't be used or would widen an earlier one
 */
export async function loadPolicy(sources: PolicySources): Promise<TrustPolicy | undefined> {
  const places = sources.userPolicy ?? [];
  let policy: TrustPolicy | undefined;
  for (const path of sources.imagePolicy ? [sources.imagePolicy, ...places] : places) {
    const bytes = await readBoundedIfThere(path, fileLimits.policyBytes);
    if (bytes === undefined) continue;
    const read = parsePolicy(bytes, path);
    policy = policy ? narrowPolicy(policy, narrowingsOf(read), `"${path}"`) : read;
  }
  policy = withKeys(policy, sources, "--trust");
  return withKeys(policy, sources.kernelCmdline ?? {}, "the kernel command line");
}

/**
 * The error of a client that nobody told whom to trust; it names who signed, and how to pin.
 *
 * @param roots the root keys of the manifest's last key list
 */
export function noPolicyError(
  seen: readonly string[],
  roots: readonly string[] = [],
): PlasmdError {
  const pins = seen.map((keyid) => `to pin it: --trust ${keyid}`);
  const follow = roots.map((keyid) => `to pin a root key of it: --trust ${rootPrefix}${keyid}`);
  const who = seen.length === 0 ? "it carries no valid signature" : `signed by ${seen.join(", ")}`;
  return new PlasmdError("no_policy", `Nothing says whom to trust (${who})`, {
    hint: ["compare the keyid with the one that the publisher prints", ...pins, ...follow]
      .join("\n"),
  });
}

function withKeys(
  policy: TrustPolicy | undefined,
  { trust = [], threshold }: PinnedKeys,
  source: string,
): TrustPolicy | undefined {
  if (trust.length === 0 && threshold === undefined) return policy;
  if (policy === undefined) {
    if (trust.length > 0) return policyFromKeys(trust, { threshold, source });
    throw new PlasmdError("policy", `Cannot use the threshold from ${source}: it names no keys`, {
      hint: "pin the publisher's keys with --trust KEYID",
    });
  }
  // Keys that can't be used are an error of their own, before they are compared.
  if (trust.length > 0) policyFromKeys(trust, { threshold, source });
  const narrowings: Narrowing[] = trust.length > 0
    ? pinsOf(trust).map((pins) => ({ ...pins, threshold }))
    : [{ threshold }];
  return narrowPolicy(policy, narrowings, source);
}
