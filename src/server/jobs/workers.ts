/**
 * `/v1/workers`: who runs jobs, for clients that don't speak libp2p.
 *
 * @module
 */

import { archOf, runtimes } from "../../formats/names.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobHttpLimits as limits } from "../../lib/limits.ts";
import { jsonReply } from "../reply.ts";
import type { Handler } from "../routes.ts";
import type { Site } from "../site.ts";
import { answering, single } from "./answer.ts";
import type { WorkerQuery, WorkerReport } from "./site.ts";

/** Answers with this node, where it runs jobs, and with those that the DHT knows. */
export const getWorkers: Handler = answering(async (request, site) => {
  const query = readQuery(request.query);
  const self = site.jobs.self();
  // DESIGN 7: the address from the socket, never from Host.
  const own = self !== undefined && fits(self, query)
    ? [{ ...self, origins: [request.origin()] }]
    : [];
  const found = await search(query, site);
  const others = found.filter(({ peer_id }) => peer_id !== self?.peer_id);
  return jsonReply(200, { workers: [...own, ...others].slice(0, limits.workers) });
});

function readQuery(query: string): WorkerQuery {
  const named = single(query, "arch", /^[a-z0-9_]{1,16}$/);
  const arch = named === undefined ? undefined : archOf(named);
  if (named !== undefined && arch === undefined) {
    throw new PlasmdError("bad_request", "Query names no known arch: it is arm64 or x86_64");
  }
  const runtime = single(query, "runtime", /^[a-z0-9.-]{1,32}$/);
  // Few different searches: none of them can keep others from theirs.
  if (runtime !== undefined && !runtimes.some((known) => known === runtime)) {
    throw new PlasmdError("bad_request", `Query names no known runtime: ${runtimes.join(", ")}`);
  }
  return { arch, runtime };
}

function fits({ arch, runtimes }: Omit<WorkerReport, "origins">, query: WorkerQuery): boolean {
  return (query.arch ?? arch) === arch &&
    (query.runtime === undefined || runtimes.includes(query.runtime));
}

/** One search for all who ask the same within some seconds. */
function search(query: WorkerQuery, site: Site): Promise<readonly WorkerReport[]> {
  const { jobs: { searches, find }, clock, ending } = site;
  const now = clock.steady();
  for (const [key, { until }] of searches) if (until <= now) searches.delete(key);
  const key = JSON.stringify([query.arch, query.runtime]);
  const kept = searches.get(key);
  if (kept !== undefined) return kept.found;
  const found = find(query, AbortSignal.any([ending, AbortSignal.timeout(limits.workersMs)]))
    .catch(() => []);
  // Nobody yet: who asks next is looked for again.
  found.then(({ length }) => length === 0 && searches.delete(key));
  searches.set(key, { until: now + limits.workersKeptMs, found });
  return found;
}
