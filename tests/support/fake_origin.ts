/**
 * A provider for tests that speaks HTTP over a bare socket, so that it can do what no server does:
 * lie, fall silent, never end, and close in the middle.
 *
 * @module
 */

/** A request as it came. */
export interface FakeRequest {
  readonly path: string;
  /** Headers by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** Which request to this provider it is, from 0. */
  readonly number: number;
}

/** What a provider says. */
export interface FakeReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  /** Sent part by part. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Sent instead of all of the above, as it is. */
  readonly raw?: string;
}

/** Answers a request; undefined closes the connection without a word. */
export type Behave = (request: FakeRequest, origin: FakeOrigin) => FakeReply | undefined;

/** A provider of a test. Disposing it cuts all its connections. */
export interface FakeOrigin extends AsyncDisposable {
  readonly url: string;
  /** Requests so far. */
  readonly requests: readonly FakeRequest[];
  /** Connections so far. */
  connections(): number;
  /** Resolves when the provider is disposed: what falls silent waits for it. */
  readonly closed: Promise<void>;
}

/** Starts a provider on a free port of loopback. */
export function startOrigin(behave: Behave): FakeOrigin {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: FakeRequest[] = [];
  const open = new Set<Deno.Conn>();
  const working = new Set<Promise<void>>();
  const closed = Promise.withResolvers<void>();
  let connections = 0;
  const origin: FakeOrigin = {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    requests,
    connections: () => connections,
    closed: closed.promise,
    [Symbol.asyncDispose]: () => ended ??= end(),
  };

  let ended: Promise<void> | undefined;
  async function end(): Promise<void> {
    listener.close();
    closed.resolve();
    for (const conn of open) close(conn);
    await Promise.all([accepting, ...working]);
  }

  async function serve(conn: Deno.Conn): Promise<void> {
    open.add(conn);
    try {
      const head = await readHead(conn);
      if (head === undefined) return;
      const request = parseRequest(head, requests.length);
      requests.push(request);
      const reply = behave(request, origin);
      if (reply !== undefined) await send(conn, reply);
    } catch {
      // The client went away, which is what these tests are about.
    } finally {
      open.delete(conn);
      close(conn);
    }
  }

  async function accept(): Promise<void> {
    for await (const conn of listener) {
      connections++;
      const work = serve(conn).finally(() => working.delete(work));
      working.add(work);
    }
  }

  const accepting = accept();
  return origin;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}

async function readHead(conn: Deno.Conn): Promise<string | undefined> {
  let text = "";
  const buffer = new Uint8Array(4096);
  while (!text.includes("\r\n\r\n")) {
    const read = await conn.read(buffer);
    if (read === null) return undefined;
    text += new TextDecoder("latin1").decode(buffer.subarray(0, read));
  }
  return text;
}

function parseRequest(head: string, number: number): FakeRequest {
  const [first, ...lines] = head.split("\r\n");
  const headers = new Map(
    lines.filter((line) => line.includes(":")).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { path: first!.split(" ")[1]!, headers, number };
}

async function send(conn: Deno.Conn, reply: FakeReply): Promise<void> {
  const { status = 200, headers = {}, body = new Uint8Array(), raw } = reply;
  if (raw !== undefined) return await write(conn, new TextEncoder().encode(raw));
  const length = body instanceof Uint8Array ? { "Content-Length": body.length } : {};
  const lines = Object.entries({ ...length, ...headers }).map(([k, v]) => `${k}: ${v}\r\n`);
  await write(conn, new TextEncoder().encode(`HTTP/1.1 ${status} x\r\n${lines.join("")}\r\n`));
  if (body instanceof Uint8Array) return await write(conn, body);
  for await (const part of body) await write(conn, part);
}

async function write(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}
