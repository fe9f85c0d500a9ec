/**
 * Asks a running provider how it is and what it serves.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { providerLimits } from "../lib/limits.ts";
import { bytesText, durationText, printable } from "../lib/text.ts";
import type { HealthReport, StatusReport } from "../server/report.ts";
import { readHealth, readStatus } from "../server/report_reader.ts";
import type { ByteSource } from "../transfer/http_body.ts";
import { httpGet } from "../transfer/http_client.ts";
import { limitsOf } from "../transfer/limits.ts";

/** Whom to ask, and how long. */
export interface ProviderQuery {
  /** A URL, or host:port. */
  readonly address: string;
  readonly signal: AbortSignal;
  /** The provider's token, to see what is private. */
  readonly token?: string;
  /** Milliseconds for an answer. */
  readonly timeoutMs?: number;
}

/**
 * A provider's status.
 *
 * @throws {PlasmdError} `unreachable`, or `bad_source` where it isn't a provider that answers
 */
export async function fetchStatus(query: ProviderQuery, deps: Deps): Promise<StatusReport> {
  return readStatus(await fetchJson("/status", query, [200], deps));
}

/**
 * A provider's health; an unhealthy one answers too.
 *
 * @throws {PlasmdError} `unreachable`, or `bad_source` where it isn't a provider that answers
 */
export async function fetchHealth(query: ProviderQuery, deps: Deps): Promise<HealthReport> {
  return readHealth(await fetchJson("/health", query, [200, 503], deps));
}

/**
 * The origin that an address means: a URL, or host:port with an IPv6 address in brackets.
 *
 * @throws {PlasmdError} `usage`
 */
export function providerOrigin(address: string): string {
  const url = URL.parse(/^https?:\/\//i.test(address) ? address : `http://${address}`);
  const plain = url !== null && url.username === "" && url.password === "" &&
    url.pathname === "/" && url.search === "" && url.hash === "";
  if (plain && url.hostname !== "" && !/[\s\\]/.test(address)) return url.origin;
  throw new PlasmdError("usage", `Invalid address "${printable(address)}"`, {
    hint: "write it like http://192.0.2.7:8080, boot.example:8080 or [2001:db8::7]:8080",
  });
}

async function fetchJson(
  path: string,
  { address, signal, token, timeoutMs = providerLimits.answerMs }: ProviderQuery,
  accepted: readonly number[],
  deps: Deps,
): Promise<unknown> {
  const url = new URL(path, providerOrigin(address));
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    using response = await httpGet(url, {
      headers: {
        "Accept": "application/json",
        ...(token === undefined ? {} : { "Authorization": `Bearer ${token}` }),
      },
      limits: limitsOf({ connectMs: timeoutMs }),
      signal: AbortSignal.any([signal, timeout]),
    }, deps);
    if (response.status === 401) throw refused();
    if (!accepted.includes(response.status)) throw bad(`it answers with ${response.status}`);
    return parse(await readReport(response));
  } catch (thrown) {
    signal.throwIfAborted();
    throw said(url, timeout.aborted ? unanswered(timeoutMs) : toPlasmdError(thrown));
  }
}

async function readReport(body: ByteSource): Promise<Uint8Array> {
  const bytes = new Uint8Array(providerLimits.reportBytes);
  for (let total = 0;;) {
    if (total === bytes.length) throw bad(`it sends ${bytesText(total)} and more`);
    const count = await body.read(bytes.subarray(total));
    if (count === null) return bytes.subarray(0, total);
    total += count;
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw bad("it does not answer with JSON", thrown);
  }
}

function bad(what: string, cause?: unknown): PlasmdError {
  return new PlasmdError("bad_source", `is no provider: ${what}`, { cause });
}

function refused(): PlasmdError {
  return new PlasmdError("unauthorized", "does not accept the token", {
    hint: "it is the file token in that provider's state directory",
  });
}

function unanswered(waitedMs: number): PlasmdError {
  return new PlasmdError("unreachable", `did not answer within ${durationText(waitedMs)}`);
}

/** The error with whom it is about, and what to do about it. */
function said(url: URL, { code, message, cause, hint: own }: PlasmdError): PlasmdError {
  const hint = own ?? "is a provider running there? plasmd serve starts one, --addr names another";
  return new PlasmdError(code, `Provider "${url.origin}" ${message}`, { cause, hint });
}
