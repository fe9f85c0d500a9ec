/**
 * What handlers answer from.
 *
 * @module
 */

import type { Catalog } from "../artifacts/snapshot.ts";
import type { Clock } from "../lib/clock.ts";
import type { HealthReport, StatusReport } from "./report.ts";

/** The things behind the routes. */
export interface Site {
  readonly catalog: Catalog;
  readonly clock: Clock;
  health(): Promise<HealthReport>;
  status(): Promise<StatusReport>;
}
