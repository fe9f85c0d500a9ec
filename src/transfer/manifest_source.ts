/**
 * Takes a manifest from a provider, within limits of size and time. Nothing in it is read here.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { formatLimits } from "../lib/limits.ts";
import { bytesText, durationText } from "../lib/text.ts";
import { startDeadline } from "./deadline.ts";
import { httpGet, type HttpResponse } from "./http_client.ts";
import { limitsOf, type TransferLimits } from "./limits.ts";
import { backoffMs, isPassing, statusError } from "./retry.ts";

/** A manifest's bytes, and where they came from. */
export interface ManifestBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Scheme, host and port. */
  readonly origin: string;
  /** The URL that was asked; artifacts lie near it. */
  readonly base: URL;
}

/** How a manifest is taken. */
export interface FetchManifestOptions {
  readonly signal: AbortSignal;
  readonly limits?: TransferLimits;
}

/** The URL of a provider's manifest: the URL itself, or the usual place where it names none. */
export function manifestUrl(url: URL, named?: { channel: string; arch: string }): URL {
  const found = new URL(url);
  if (!url.pathname.endsWith("/")) return found;
  if (url.pathname !== "/") {
    found.pathname += "manifest.json";
    return found;
  }
  found.pathname = named ? `/${named.channel}/${named.arch}/manifest.json` : "/manifest.json";
  return found;
}

/**
 * Takes the manifest at a URL; a provider that is busy or that closes on us is asked again.
 *
 * @throws {PlasmdError} `unreachable` where nobody answers, `bad_source` for what no provider sends
 */
export async function fetchManifest(
  url: URL,
  { signal, limits = limitsOf() }: FetchManifestOptions,
  deps: Deps,
): Promise<ManifestBytes> {
  for (let failures = 1;; failures++) {
    try {
      return { bytes: await take(url, signal, limits, deps), origin: url.origin, base: url };
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toPlasmdError(thrown);
      if (!isPassing(error) || failures >= limits.tries) throw error;
      await deps.clock.sleep(backoffMs(failures, error, limits, deps.random), { signal });
    }
  }
}

async function take(url: URL, signal: AbortSignal, limits: TransferLimits, deps: Deps) {
  const late = `did not send its manifest within ${durationText(limits.manifestMs)}`;
  using deadline = startDeadline(deps.clock, limits.manifestMs, late, signal);
  using response = await httpGet(url, { limits, signal: deadline.signal }, deps);
  const { status, headers } = response;
  if (status !== 200) {
    throw statusError(status, headers.get("retry-after"), deps.clock.now(), limits);
  }
  return await readAll(response, formatLimits.manifestBytes);
}

async function readAll(response: HttpResponse, max: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let total = 0;
  while (true) {
    const part = new Uint8Array(64 * 1024);
    const read = await response.read(part);
    if (read === null) break;
    total += read;
    // DESIGN 5: the size comes first, whatever the headers say.
    if (total > max) {
      throw new PlasmdError("malformed", `sent a manifest of more than ${bytesText(max)}`);
    }
    parts.push(part.subarray(0, read));
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
