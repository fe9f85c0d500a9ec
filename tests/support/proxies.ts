/**
 * Providers made of an honest one: each passes on its manifest, and its artifacts' bytes in its own
 * way.
 *
 * @module
 */

/** A proxy that listens on a port of its own. */
export interface Proxy extends AsyncDisposable {
  readonly origin: string;
  /** Requests for artifacts so far. */
  readonly requests: () => number;
  /** Resolves once it has passed on a manifest. */
  readonly manifestSent: Promise<void>;
}

/** What becomes of an artifact's bytes; `at` is their place in the artifact. */
type Tamper = (part: Uint8Array<ArrayBuffer>, at: number) => {
  readonly send: Uint8Array<ArrayBuffer>;
  /** Send nothing more, and leave the connection open. */
  readonly thenSilence?: boolean;
};

/** An honest proxy that sends its manifest after the others have sent theirs. */
export function lateProxy(origin: string, others: readonly Proxy[]): Proxy {
  const after = Promise.all(others.map(({ manifestSent }) => manifestSent));
  return artifactProxy(origin, (part) => ({ send: part }), after);
}

/** A proxy that changes one byte in each chunk of every artifact. */
export function flippingProxy(origin: string, chunkSize: number): Proxy {
  const place = 4321; // of the byte within its chunk
  return artifactProxy(origin, (part, at) => {
    const first = at - at % chunkSize + place;
    for (let i = first; i < at + part.length; i += chunkSize) {
      if (i >= at) part[i - at]! ^= 0x01;
    }
    return { send: part };
  });
}

/** A proxy that falls silent for good after so many bytes, its connections left open. */
export function silentProxy(origin: string, afterBytes: number): Proxy {
  let left = afterBytes;
  return artifactProxy(origin, (part) => {
    const send = part.slice(0, left);
    left -= send.length;
    return { send, thenSilence: left === 0 };
  });
}

function artifactProxy(
  origin: string,
  tamper: Tamper,
  manifestAfter: Promise<unknown> = Promise.resolve(),
): Proxy {
  const stop = new AbortController();
  const manifestSent = Promise.withResolvers<void>();
  let requests = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.delete("host");
    const answer = await fetch(`${origin}${pathname}${search}`, {
      method: request.method,
      headers,
      signal: stop.signal,
    });
    if (pathname.endsWith("manifest.json")) {
      await manifestAfter;
      manifestSent.resolve();
      return answer;
    }
    if (answer.body === null || !answer.ok) return answer;
    requests++;
    const start = Number(/^bytes (\d+)-/.exec(answer.headers.get("content-range") ?? "")?.[1] ?? 0);
    const body = answer.body.pipeThrough(tampered(start, tamper, stop.signal));
    return new Response(body, { status: answer.status, headers: answer.headers });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    requests: () => requests,
    manifestSent: manifestSent.promise,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.shutdown();
    },
  };
}

function tampered(
  start: number,
  tamper: Tamper,
  signal: AbortSignal,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let at = start;
  return new TransformStream({
    async transform(part, controller) {
      const { send, thenSilence = false } = tamper(part, at);
      at += part.length;
      if (send.length > 0) controller.enqueue(send);
      if (!thenSilence) return;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      controller.terminate();
    },
  });
}
