/**
 * GET over HTTP/1.1 from a server that nobody has to trust: one request a connection, no redirects,
 * no decoding, no cookies, no proxies, and a body that is read into the caller's own buffer.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { durationText, printable } from "../lib/text.ts";
import { programVersion } from "../lib/version.ts";
import { startDeadline } from "./deadline.ts";
import { type ByteSource, makeWire, openBody, type Wire } from "./http_body.ts";
import { framingOf, parseHead, type ResponseHead } from "./http_head.ts";
import type { TransferLimits } from "./limits.ts";

/** A response whose body is still to be read. Disposing it closes the connection. */
export interface HttpResponse extends ResponseHead, ByteSource, Disposable {}

/** How a request is made. */
export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly limits: TransferLimits;
  /** Ends the request and the reading of its body. */
  readonly signal: AbortSignal;
}

/**
 * The URL of a provider or manifest, from a person or a file.
 *
 * @throws {PlasmdError} `usage` where it isn't http or https, or carries a password
 */
export function parseUrl(text: string): URL {
  const url = URL.parse(text);
  const said = `Invalid URL "${printable(text)}"`;
  const hint = "a provider's URL looks like http://192.0.2.1:8080";
  if (url === null) throw new PlasmdError("usage", said, { hint });
  // DESIGN 9: http and https only.
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new PlasmdError("usage", `${said}: only http and https are spoken`, { hint });
  }
  if (url.username !== "" || url.password !== "") {
    throw new PlasmdError("usage", `${said}: it carries a user or password`, { hint });
  }
  url.hash = "";
  return url;
}

/**
 * Asks for a URL and reads the head of the answer. A redirect or an encoded answer is refused.
 *
 * @throws {PlasmdError} `unreachable` where nobody answers in time, `bad_source` for what no
 * provider sends
 */
export async function httpGet(
  url: URL,
  { headers = {}, limits, signal }: GetOptions,
  { clock }: Deps,
): Promise<HttpResponse> {
  const late = `did not answer within ${durationText(limits.connectMs)}`;
  using deadline = startDeadline(clock, limits.connectMs, late, signal);
  const conn = await connect(url, deadline.signal);
  const close = closer(conn, signal);
  try {
    let active = deadline.signal;
    active.addEventListener("abort", close, { once: true });
    const guarded = guard(conn, () => active);
    await guarded.write(requestBytes(url, headers));
    const wire = makeWire(guarded, limits.headBytes);
    const head = await readHead(wire, limits);
    refuse(head);
    const body = openBody(wire, framingOf(head));
    active = signal; // The body has all the time that its reader gives it.
    return { ...head, read: (into) => body.read(into), [Symbol.dispose]: close };
  } catch (thrown) {
    close();
    throw thrown;
  }
}

async function connect(url: URL, signal: AbortSignal): Promise<Deno.Conn> {
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  let conn: Deno.Conn | undefined;
  try {
    signal.throwIfAborted();
    const tcp = await Deno.connect({ hostname, port, signal });
    conn = tcp;
    if (secure) conn = await handshake(tcp, hostname, signal);
    return conn;
  } catch (thrown) {
    closeQuietly(conn);
    if (signal.aborted) throw signal.reason;
    throw unreachable(thrown);
  }
}

async function handshake(
  tcp: Deno.TcpConn,
  hostname: string,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const tls = await Deno.startTls(tcp, { hostname, alpnProtocols: ["http/1.1"] });
  const stop = () => closeQuietly(tls);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await tls.handshake();
    return tls;
  } catch (thrown) {
    closeQuietly(tls);
    throw thrown;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function closeQuietly(conn: Deno.Conn | undefined): void {
  try {
    conn?.close();
  } catch {
    // It was closed by the signal.
  }
}

/** Closes the connection, once: when its owner says so or when the signal aborts. */
function closer(conn: Deno.Conn, signal: AbortSignal): () => void {
  const close = () => {
    signal.removeEventListener("abort", close);
    closeQuietly(conn);
  };
  signal.addEventListener("abort", close, { once: true });
  return close;
}

/** Reads and writes whose errors are in our words, or those of the signal that ended them. */
function guard(conn: Deno.Conn, signal: () => AbortSignal) {
  async function said<T>(work: () => Promise<T>): Promise<T> {
    try {
      signal().throwIfAborted();
      return await work();
    } catch (thrown) {
      if (signal().aborted) throw signal().reason;
      throw unreachable(thrown);
    }
  }
  return {
    read: (into: Uint8Array) => said(() => conn.read(into)),
    write: (bytes: Uint8Array) =>
      said(async () => {
        for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
      }),
  };
}

function unreachable(thrown: unknown): PlasmdError {
  const error = toPlasmdError(thrown);
  if (error === thrown) return error;
  const message = error.message.replace(/ \(os error \d+\)$/, "");
  return new PlasmdError("unreachable", `cannot be reached: ${message}`, { cause: thrown });
}

function requestBytes(url: URL, headers: Readonly<Record<string, string>>): Uint8Array {
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    `User-Agent: plasmd/${programVersion.version}`,
    "Accept: */*",
    "Accept-Encoding: identity", // DESIGN 9
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "Connection: close",
  ];
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

async function readHead(wire: Wire, limits: TransferLimits): Promise<ResponseHead> {
  for (let interim = 0; interim < 4; interim++) {
    const head = parseHead(await wire.until("\r\n\r\n", limits.headBytes));
    if (head.status >= 200) return head;
  }
  throw new PlasmdError("bad_source", "sent only interim responses");
}

function refuse({ status, headers }: ResponseHead): void {
  // DESIGN 9: redirects are refused, wherever they lead.
  if (status >= 300 && status < 400) {
    const to = printable(headers.get("location") ?? "");
    throw new PlasmdError("bad_source", `answered with a redirect (${status}) to "${to}"`);
  }
  // DESIGN 9: an encoded answer is refused; we asked for identity.
  const encoding = headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (encoding !== "identity") {
    throw new PlasmdError("bad_source", `sent an encoded answer: "${printable(encoding, 60)}"`);
  }
}
