/**
 * What handlers answer from.
 *
 * @module
 */

import type { Catalog } from "../artifacts/snapshot.ts";
import type { Clock } from "../lib/clock.ts";
import type { Jobs } from "./jobs/site.ts";
import type { Problems } from "./problems.ts";
import type { ClientReport, HealthReport, StatusReport } from "./report.ts";
import type { ServerLimits } from "./server_limits.ts";

/** The things behind the routes. */
export interface Site {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly limits: ServerLimits;
  /** What opens the private views; without one they are closed. */
  readonly token?: string;
  readonly problems: Problems;
  /** Who is connected. */
  clients(): readonly ClientReport[];
  /** What lies where on this machine. */
  paths(): Readonly<Record<string, string>>;
  health(): Promise<HealthReport>;
  status(): Promise<StatusReport>;
  /** Aborts when the server takes no more requests: what could wait for long ends. */
  readonly ending: AbortSignal;
  /** Jobs for others, and who else runs them. */
  readonly jobs: Jobs;
  /** Figures in Prometheus' text format. */
  metrics?(): Promise<string>;
}
