/**
 * `/` and `/status`: what a provider is and serves.
 *
 * @module
 */

import { within } from "../lib/within.ts";
import { credential, unauthorized } from "./bearer.ts";
import type { PrivateReport } from "./report.ts";
import { jsonReply, type Reply } from "./reply.ts";
import type { ServerRequest } from "./request.ts";
import type { Site } from "./site.ts";

/** Answers with the status report; who sends the token sees what is private too. */
export async function serveStatus({ headers }: ServerRequest, site: Site): Promise<Reply> {
  const who = credential(headers, site.token);
  if (who === "bad") return unauthorized();
  const { clock, limits } = site;
  const report = await within(site.status(), {
    ms: limits.reportMs,
    clock,
    what: "The status report",
  });
  return jsonReply(200, who === "good" ? { ...report, private: privateReport(site) } : report);
}

/** DESIGN 7: clients' addresses, file paths and details of errors. */
function privateReport({ clients, problems, paths, limits }: Site): PrivateReport {
  return {
    clients: clients().slice(0, limits.privateEntries),
    paths: paths(),
    problems: problems.list(),
  };
}
