/**
 * Artifacts: `/kernel`, `/{channel}/{arch}/kernel`, `/blobs/sha256/{hex}`.
 *
 * @module
 */

import type { OpenArtifact, Snapshot } from "../artifacts/snapshot.ts";
import { artifactNames } from "../formats/names.ts";
import { fromHex, toBase64 } from "../lib/bytes.ts";
import { PlasmdError } from "../lib/errors.ts";
import { evaluate, rangeCounts, type Validators } from "./conditional.ts";
import { problem } from "./errors.ts";
import { httpDate } from "./http_date.ts";
import { contentRange, parseRange } from "./range.ts";
import { commonHeaders, type Reply } from "./reply.ts";
import type { ServerRequest } from "./request.ts";
import type { Site } from "./site.ts";
import { ready, snapshotOf } from "./target.ts";

/** A name may mean other bytes tomorrow: ask each time. No proxy may change what was hashed. */
const byName = "no-cache, no-transform";
/** A digest means the same bytes for ever. RFC 8246. */
const byDigest = "public, max-age=31536000, immutable, no-transform";

/** Answers for an artifact by its name, in the path or given by the route. */
export function serveArtifact(request: ServerRequest, site: Site): Promise<Reply> {
  const snapshot = snapshotOf(request, site.catalog);
  const name = artifactNames.find((known) => known === request.params.artifact);
  const artifact = name === undefined ? undefined : snapshot.artifacts.get(name);
  if (artifact === undefined) throw new PlasmdError("not_found", "This image has no such artifact");
  return serve(request, { artifact, snapshot, caching: byName }, site);
}

/** Answers for an artifact of the current snapshots by its digest. */
export function serveBlob(request: ServerRequest, site: Site): Promise<Reply> {
  const digest = request.params.digest ?? "";
  const artifact = /^[0-9a-f]{64}$/.test(digest) ? site.catalog.blob(digest) : undefined;
  const snapshot = site.catalog.list().find(({ artifacts }) =>
    artifacts.values().some((one) => one.digest === digest)
  );
  if (artifact !== undefined && snapshot !== undefined) {
    return serve(request, { artifact, snapshot, caching: byDigest }, site);
  }
  ready(site.catalog);
  throw new PlasmdError("not_found", "No artifact with this digest is served here");
}

interface Served {
  readonly artifact: OpenArtifact;
  readonly snapshot: Snapshot;
  readonly caching: string;
}

async function serve(
  request: ServerRequest,
  { artifact, snapshot: { channel, arch }, caching }: Served,
  { clock }: Site,
): Promise<Reply> {
  request.hold(artifact.acquire());
  await artifact.check();
  const { size } = artifact;
  const validators = { etag: `"${artifact.digest}"`, modified: artifact.modified };
  const headers = { ...validatorHeaders(validators, caching), "Accept-Ranges": "bytes" };
  const condition = evaluate(request.headers, validators, clock.now());
  if (condition === "not_modified") return { status: 304, headers, body: null };
  if (condition === "failed") return preconditionFailed();
  // RFC 9110 14.2: Range has a meaning for GET only.
  const counts = request.method === "GET" &&
    rangeCounts(request.headers["if-range"], validators, clock.now());
  const range = parseRange(counts ? request.headers.range : undefined, size);
  if (range.kind === "unsatisfiable") return outOfRange(size);
  const [start, end] = range.kind === "part" ? [range.start, range.end] : [0, size];
  const partial = range.kind === "part"
    ? { "Content-Range": contentRange(start, end, size) }
    : undefined;
  return {
    status: partial === undefined ? 200 : 206,
    headers: {
      ...headers,
      ...partial,
      ...digestHeaders(artifact.digest),
      "Content-Type": "application/octet-stream",
    },
    body: { file: artifact, start, end },
    artifact: { channel, arch, artifact: artifact.name },
  };
}

/** The headers that a 200, a 206 and a 304 have in common. RFC 9110 15.4.5. */
export function validatorHeaders(
  { etag, modified }: Validators,
  caching: string,
): Record<string, string> {
  return {
    ...commonHeaders,
    "ETag": etag,
    "Last-Modified": httpDate(modified),
    "Cache-Control": caching,
  };
}

/** The digest of the whole representation, for people and by RFC 9530. */
export function digestHeaders(hex: string): Record<string, string> {
  return {
    "X-Content-SHA256": hex,
    "Repr-Digest": `sha-256=:${toBase64(fromHex(hex)!)}:`,
  };
}

/** The answer where If-Match or If-Unmodified-Since doesn't hold. RFC 9110 15.5.13. */
export function preconditionFailed(): Reply {
  return problem(new PlasmdError("precondition", "The precondition of the request does not hold"));
}

function outOfRange(size: number): Reply {
  // RFC 9110 15.5.17: say how long it is.
  return problem(new PlasmdError("range", `Range is not satisfiable: size is ${size} bytes`), {
    headers: { "Content-Range": `bytes */${size}`, "Accept-Ranges": "bytes" },
  });
}
