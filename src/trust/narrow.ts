/**
 * Narrowing: what a source may do to a policy that another one has decided. DESIGN 5.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { makePolicy, type Publisher, type TrustPolicy } from "./policy.ts";

/** What a later source asks for; what it leaves out stays as it was. */
export interface Narrowing {
  readonly keys?: readonly string[];
  /** The keys are root keys. */
  readonly root?: true;
  readonly threshold?: number;
  readonly channels?: readonly string[];
  readonly notBefore?: number;
}

/**
 * The policy that is left when a later source narrows it: fewer keys, a higher threshold, fewer
 * channels, a later date.
 *
 * @throws {PlasmdError} `policy` where it would allow anything that the policy doesn't
 */
export function narrowPolicy(
  policy: TrustPolicy,
  narrowings: readonly Narrowing[],
  source: string,
): TrustPolicy {
  const publishers = narrowings.flatMap((narrowing) => {
    const within = policy.publishers.filter((publisher) => allows(publisher, narrowing));
    if (within.length === 0) refuse(policy, source);
    // A threshold alone is raised for all of them; those that ask for more already stay.
    const { threshold = 0, ...rest } = narrowing;
    const kept = narrowing.keys === undefined
      ? policy.publishers.filter((publisher) => allows(publisher, rest))
      : within;
    return kept.map((publisher) => ({
      keys: narrowing.keys ?? publisher.keys,
      root: publisher.root,
      threshold: Math.max(threshold, publisher.threshold),
      channels: narrowing.channels ?? publisher.channels,
      notBefore: narrowing.notBefore ?? publisher.notBefore,
    }));
  });
  return makePolicy(publishers, `${policy.source}, narrowed by ${source}`);
}

/** The narrowing that a whole policy of a later source is. */
export function narrowingsOf(policy: TrustPolicy): readonly Narrowing[] {
  return policy.publishers;
}

function allows(
  publisher: Publisher,
  { keys, root, threshold, channels, notBefore }: Narrowing,
): boolean {
  // A root key is no narrower than a key that signs manifests, nor the other way round.
  return (keys === undefined || root === publisher.root) &&
    (keys ?? []).every((key) => publisher.keys.includes(key)) &&
    (threshold ?? Infinity) >= publisher.threshold &&
    (channels ?? []).every((channel) => publisher.channels?.includes(channel) ?? true) &&
    (notBefore ?? Infinity) >= (publisher.notBefore ?? -Infinity);
}

function refuse(policy: TrustPolicy, source: string): never {
  throw new PlasmdError(
    "policy",
    `Cannot use the trust policy from ${source}: ${policy.source} decides, ` +
      "and this would allow more than it does",
    {
      hint: `a later source can only name fewer keys or a higher threshold\n` +
        `change ${policy.source} to trust another publisher`,
    },
  );
}
