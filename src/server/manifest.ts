/**
 * The manifest, from memory: `/manifest.json`, `/{channel}/{arch}/manifest.json`.
 *
 * @module
 */

import { sha256Hex } from "../lib/bytes.ts";
import type { VerifiedManifest } from "../trust/verified.ts";
import { digestHeaders, preconditionFailed, validatorHeaders } from "./artifact.ts";
import { evaluate } from "./conditional.ts";
import type { Reply } from "./reply.ts";
import type { ServerRequest } from "./request.ts";
import type { Site } from "./site.ts";
import { snapshotOf } from "./target.ts";

/** Digests of manifests: an entry goes with its manifest. */
const digests = new WeakMap<VerifiedManifest, string>();

/** Answers with a manifest's exact bytes. Its tag is of these bytes, signatures included. */
export function serveManifest(request: ServerRequest, { catalog, clock }: Site): Reply {
  const { manifest, madeAt } = snapshotOf(request, catalog);
  const digest = digestOf(manifest);
  const validators = { etag: `"${digest}"`, modified: madeAt };
  const headers = validatorHeaders(validators, "no-cache, no-transform");
  const condition = evaluate(request.headers, validators, clock.now());
  if (condition === "not_modified") return { status: 304, headers, body: null };
  if (condition === "failed") return preconditionFailed();
  return {
    status: 200,
    headers: { ...headers, ...digestHeaders(digest), "Content-Type": "application/json" },
    body: manifest.bytes,
  };
}

function digestOf(manifest: VerifiedManifest): string {
  const known = digests.get(manifest) ?? sha256Hex(manifest.bytes);
  digests.set(manifest, known);
  return known;
}
