/**
 * `/health`: whether this provider does what it is there for.
 *
 * @module
 */

import { jsonReply, type Reply } from "./reply.ts";
import type { ServerRequest } from "./request.ts";
import type { Site } from "./site.ts";

/** Answers with the health report: 503 where it is unhealthy, so that a load balancer understands. */
export async function serveHealth(_request: ServerRequest, site: Site): Promise<Reply> {
  const report = await site.health();
  return jsonReply(report.status === "unhealthy" ? 503 : 200, report);
}
