/**
 * `/` and `/status`: what a provider is and serves.
 *
 * @module
 */

import { jsonReply, type Reply } from "./reply.ts";
import type { ServerRequest } from "./request.ts";
import type { Site } from "./site.ts";

/** Answers with the status report. */
export async function serveStatus(_request: ServerRequest, site: Site): Promise<Reply> {
  return jsonReply(200, await site.status());
}
