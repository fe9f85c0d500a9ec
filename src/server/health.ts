/**
 * `/health`: whether this provider does what it is there for.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { within } from "../lib/within.ts";
import type { HealthReport } from "./report.ts";
import { jsonReply, type Reply } from "./reply.ts";
import type { ServerRequest } from "./request.ts";
import type { Site } from "./site.ts";

/** Answers with the health report: 503 where it is unhealthy, so that a load balancer understands. */
export async function serveHealth(_request: ServerRequest, site: Site): Promise<Reply> {
  const report = await inTime(site);
  return jsonReply(report.status === "unhealthy" ? 503 : 200, report);
}

/** A disk that hangs makes a provider unhealthy; it doesn't make who asks wait. */
async function inTime({ health, clock, limits }: Site): Promise<HealthReport> {
  try {
    return await within(health(), { ms: limits.reportMs, clock, what: "The health report" });
  } catch (thrown) {
    if (!(thrown instanceof PlasmdError) || thrown.code !== "timeout") throw thrown;
    return { status: "unhealthy", checks: { answers_in_time: false } };
  }
}
