/**
 * The only ambient things, passed in everywhere.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { Log } from "./log.ts";
import { silentLog } from "./log.ts";
import type { Meter } from "./meter.ts";
import { noMeter } from "./meter.ts";
import type { Random } from "./random.ts";
import { systemRandom } from "./random.ts";

/** Time, randomness, logging and counting. */
export interface Deps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meter: Meter;
}

/** The machine's own clock and randomness; a log and a meter that forget unless given. */
export function systemDeps(given: Partial<Deps> = {}): Deps {
  return {
    clock: given.clock ?? systemClock,
    random: given.random ?? systemRandom,
    log: given.log ?? silentLog,
    meter: given.meter ?? noMeter,
  };
}
