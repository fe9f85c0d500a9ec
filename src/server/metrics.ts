/**
 * `/metrics`: figures as Prometheus reads them.
 *
 * @module
 */

import { PlasmdError } from "../lib/errors.ts";
import { commonHeaders, type Reply } from "./reply.ts";
import type { ServerRequest } from "./request.ts";
import type { Site } from "./site.ts";

/** Answers with the figures in Prometheus' text format 0.0.4. */
export async function serveMetrics(_request: ServerRequest, { metrics }: Site): Promise<Reply> {
  if (metrics === undefined) throw new PlasmdError("not_found", "No figures are kept here");
  return {
    status: 200,
    headers: {
      ...commonHeaders,
      "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
      "Cache-Control": "no-store",
    },
    body: new TextEncoder().encode(await metrics()),
  };
}
