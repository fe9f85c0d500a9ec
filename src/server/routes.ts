/**
 * Every route. What isn't here isn't served. DESIGN 7.
 *
 * @module
 */

import { addRoute, createRouter, findRoute, type RouterContext } from "rou3";
import { PlasmdError } from "../lib/errors.ts";
import { jobFormatLimits, jobServiceLimits } from "../lib/limits.ts";
import { serveArtifact, serveBlob } from "./artifact.ts";
import type { RequestBody } from "./body.ts";
import { problem } from "./errors.ts";
import { serveHealth } from "./health.ts";
import { putBlob } from "./jobs/blob.ts";
import { getEvents } from "./jobs/events.ts";
import { deleteJob, getJob, postJob } from "./jobs/job.ts";
import { getOpenApi } from "./jobs/openapi.ts";
import { outputOf } from "./jobs/output.ts";
import { getReceipt } from "./jobs/receipt.ts";
import { getWorkers } from "./jobs/workers.ts";
import { serveIpxe } from "./ipxe.ts";
import { serveManifest } from "./manifest.ts";
import { serveMetrics } from "./metrics.ts";
import type { Reply } from "./reply.ts";
import { parseTarget, type ServerRequest } from "./request.ts";
import type { Site } from "./site.ts";
import { serveStatus } from "./status.ts";

/** What answers a request. */
export type Handler = (request: ServerRequest, site: Site) => Reply | Promise<Reply>;

/** A path with what answers on it; HEAD is answered wherever GET is. */
interface Route {
  readonly path: string;
  readonly methods: Readonly<Record<string, Handler>>;
  /** Most bytes of the body, for methods that take one. */
  readonly bodies?: Readonly<Record<string, number>>;
}

const get = (path: string, GET: Handler): Route => ({ path, methods: { GET, HEAD: GET } });
const artifact = (name: string): Handler => (request, site) =>
  serveArtifact({ ...request, params: { artifact: name } }, site);

const table: readonly Route[] = [
  get("/", serveStatus),
  get("/health", serveHealth),
  get("/status", serveStatus),
  get("/metrics", serveMetrics),
  get("/manifest.json", serveManifest),
  get("/boot.ipxe", serveIpxe),
  get("/kernel", artifact("kernel")),
  get("/initramfs", artifact("initramfs")),
  get("/rootfs", artifact("rootfs")),
  get("/:channel/:arch/manifest.json", serveManifest),
  get("/:channel/:arch/boot.ipxe", serveIpxe),
  get("/:channel/:arch/:artifact", serveArtifact),
  get("/blobs/sha256/:digest", serveBlob),
  { path: "/v1/jobs", methods: { POST: postJob }, bodies: { POST: jobFormatLimits.specBytes } },
  {
    path: "/v1/blobs/sha256/:digest",
    methods: { PUT: putBlob },
    bodies: { PUT: jobServiceLimits.jobInputBytes },
  },
  {
    path: "/v1/jobs/:job",
    methods: { GET: getJob, HEAD: getJob, DELETE: deleteJob },
    bodies: { DELETE: jobFormatLimits.cancelBytes },
  },
  get("/v1/jobs/:job/stdout", outputOf("stdout")),
  get("/v1/jobs/:job/stderr", outputOf("stderr")),
  get("/v1/jobs/:job/receipt", getReceipt),
  get("/v1/jobs/:job/events", getEvents),
  get("/v1/workers", getWorkers),
  get("/v1/openapi.json", getOpenApi),
];

/** The paths under a prefix, each with its methods: what a description has to tell of. */
export function routesUnder(prefix: string): { path: string; methods: string[] }[] {
  return table.filter(({ path }) => path.startsWith(prefix))
    .map(({ path, methods }) => ({ path, methods: Object.keys(methods) }));
}

/** The table, ready to be searched. */
export type Router = RouterContext<Route>;

/** Makes the table searchable. */
export function makeRouter(): Router {
  const router = createRouter<Route>();
  for (const route of table) addRoute(router, "", route.path, route);
  return router;
}

/** What a request came to. */
export interface Routed {
  /** The route's path as it is in the table, or "none": a label with few values. */
  readonly route: string;
  /** Most bytes of the body that it takes; undefined where it takes none. */
  readonly bodyBytes?: number;
  answer(site: Site, body?: RequestBody): Reply | Promise<Reply>;
}

/** Finds what answers a request; where nothing does, that says so: 404, or 405 with Allow. */
export function match(router: Router, target: string, request: ServerRequest): Routed {
  // RFC 9110 9.3.7: `OPTIONS *` is about the server as a whole.
  if (target === "*") return refused("*", methodProblem(["GET", "HEAD"]));
  const parsed = parseTarget(target);
  const found = parsed === undefined ? undefined : findRoute(router, "", parsed.path);
  if (parsed === undefined || found === undefined) {
    return refused("none", problem(new PlasmdError("not_found", "No such route")));
  }
  const { data: { path, methods, bodies }, params = {} } = found;
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (handler === undefined) return refused(path, methodProblem(Object.keys(methods)));
  return {
    route: path,
    bodyBytes: bodies?.[request.method],
    answer: (site, body) => handler({ ...request, params, query: parsed.query, body }, site),
  };
}

/** The answer to a method that a path doesn't have. RFC 9110 15.5.6: with those that it has. */
export function methodProblem(allowed: readonly string[]): Reply {
  const list = allowed.join(", ");
  return problem(new PlasmdError("method", `Method is not allowed here: it is one of ${list}`), {
    headers: { "Allow": list },
  });
}

function refused(route: string, reply: Reply): Routed {
  return { route, answer: () => reply };
}
