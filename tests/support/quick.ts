/**
 * Limits and dependencies with which transfers of tests end soon.
 *
 * @module
 */

import { systemClock } from "../../src/lib/clock.ts";
import { type Deps, systemDeps } from "../../src/lib/deps.ts";
import { limitsOf, type TransferLimits } from "../../src/transfer/limits.ts";
import { madeAt } from "./manifests.ts";

/** The usual limits, with waiting times of some hundredths of a second. */
export const quickLimits: TransferLimits = limitsOf({
  connectMs: 1000,
  unreachableMs: 3000,
  manifestMs: 600,
  slowWindowMs: 500,
  hedgeMs: 150,
  tickMs: 10,
  joinMs: 150,
  settleMs: 150,
  backoffMs: 4,
});

/** The machine's own waiting, at the time at which the manifests of tests are new. */
export const quickDeps: Deps = systemDeps({
  clock: { ...systemClock, now: () => madeAt + 60_000 },
});
