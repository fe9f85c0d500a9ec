/**
 * Ranges of artifacts over HTTP.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { printable } from "../lib/text.ts";
import { httpGet, type HttpResponse } from "./http_client.ts";
import { parseContentRange } from "./http_head.ts";
import { limitsOf, type TransferLimits } from "./limits.ts";
import { statusError } from "./retry.ts";
import type { Origin, RangeStream, Wanted } from "./source.ts";

/** The provider that has served a manifest at this URL. */
export function httpOrigin(
  manifestUrl: URL,
  deps: Deps,
  limits: TransferLimits = limitsOf(),
): Origin {
  // Which of the places is right at this provider, once it is known.
  let known = 0;
  return {
    name: manifestUrl.origin,
    async open(wanted, start, end, { signal }) {
      const places = artifactUrls(manifestUrl, wanted);
      const headers = { Range: `bytes=${start}-${end - 1}` };
      for (let place = Math.min(known, places.length - 1);; place++) {
        const response = await httpGet(places[place]!, { headers, limits, signal }, deps);
        if (place + 1 < places.length && isElsewhere(response, wanted)) {
          response[Symbol.dispose]();
          continue;
        }
        known = place;
        return accept(response, wanted, start, end, deps.clock.now(), limits);
      }
    },
  };
}

/**
 * Where an artifact can be at the provider of a manifest: at the manifest's own path, beside the
 * manifest (a server of one channel), or under its digest (a server of several).
 */
export function artifactUrls(manifestUrl: URL, { name, artifact }: Wanted): URL[] {
  const directory = manifestUrl.pathname.replace(/[^/]*$/, "");
  const target = artifact.path.slice(0, artifact.path.lastIndexOf("/") + 1);
  const root = directory.endsWith(target) ? directory.slice(0, -target.length) : "";
  const paths = [
    root + artifact.path,
    directory + name,
    `/blobs/sha256/${artifact.hash.slice("sha256:".length)}`,
  ];
  return [...new Set(paths)].map((path) => {
    // Not resolved against the manifest's URL: a path with two slashes would name another host.
    const url = new URL(manifestUrl);
    [url.pathname, url.search, url.hash] = [path, "", ""];
    return url;
  });
}

/** Whether the answer is none, or another file than the manifest's by the server's own word. */
function isElsewhere({ status, headers }: HttpResponse, { artifact }: Wanted): boolean {
  if (status === 404 || status === 416) return true;
  const digest = headers.get("x-content-sha256")?.toLowerCase();
  return digest !== undefined && digest !== artifact.hash.slice("sha256:".length);
}

function accept(
  response: HttpResponse,
  wanted: Wanted,
  start: number,
  end: number,
  now: number,
  limits: TransferLimits,
): RangeStream {
  try {
    const { status, headers } = response;
    if (status === 206) checkRange(headers.get("content-range"), wanted, start, end);
    // RFC 9110 14.2: a server may ignore the range. DESIGN 14: then the whole is taken.
    else if (status === 200) checkWhole(headers.get("content-length"), wanted);
    else throw statusError(status, headers.get("retry-after"), now, limits);
    return {
      start: status === 206 ? start : 0,
      read: (into) => response.read(into),
      [Symbol.dispose]: () => response[Symbol.dispose](),
    };
  } catch (thrown) {
    response[Symbol.dispose]();
    throw thrown;
  }
}

function checkRange(text: string | undefined, wanted: Wanted, start: number, end: number): void {
  const range = parseContentRange(text);
  const size = range?.size ?? wanted.artifact.size;
  if (range?.start === start && range.end <= end && size === wanted.artifact.size) return;
  throw new PlasmdError(
    "bad_source",
    `sent another range of "${wanted.name}" than asked for: "${printable(text ?? "", 60)}"`,
  );
}

function checkWhole(length: string | undefined, { name, artifact }: Wanted): void {
  if (length === undefined || Number(length) === artifact.size) return;
  throw new PlasmdError(
    "bad_source",
    `has a "${name}" of ${printable(length, 20)} bytes, the manifest says ${artifact.size}`,
  );
}
