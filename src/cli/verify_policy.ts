/**
 * The policy for checking one file.
 *
 * @module
 */

import { parseManifest } from "../formats/manifest.ts";
import { manifestPrefix, validSigners } from "../formats/signed.ts";
import { loadPolicy, noPolicyError, type PinnedKeys } from "../trust/load_policy.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { policyPlaces } from "../trust/policy_file.ts";

/**
 * The keys given, and nothing else: the question is whether they have signed. Without any it is
 * this machine's policy.
 *
 * @throws {PlasmdError} `no_policy`, naming who signed, where there is neither
 */
export async function policyOf(manifest: Uint8Array, pinned: PinnedKeys): Promise<TrustPolicy> {
  const given = (pinned.trust ?? []).length > 0;
  const userPolicy = given ? [] : policyPlaces((name) => Deno.env.get(name));
  const policy = await loadPolicy({ ...pinned, userPolicy });
  if (policy !== undefined) return policy;
  const parsed = parseManifest(manifest);
  const roots = parsed.key_lists?.at(-1)?.root.keys;
  throw noPolicyError(validSigners(manifestPrefix, parsed), roots);
}
