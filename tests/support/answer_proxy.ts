/**
 * A proxy that passes everything on but the bodies of some answers.
 *
 * @module
 */

/** A proxy of a worker that does as it is told with the bodies of some answers. */
export function proxyOf(
  origin: string,
  paths: RegExp,
  change: (body: Response) => BodyInit,
): AsyncDisposable & { readonly origin: string } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.delete("host");
    const body = request.body === null ? undefined : await request.bytes();
    const answer = await fetch(origin + pathname + search, {
      method: request.method,
      headers,
      body: body?.length === 0 ? undefined : body,
    });
    if (!paths.test(pathname)) return answer;
    return new Response(change(answer), { status: answer.status, headers: answer.headers });
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The stream's first bytes, then an end in the middle of whatever comes. */
export function cut({ body }: Response): ReadableStream<Uint8Array> {
  let left = 120_000;
  return body!.pipeThrough(
    new TransformStream({
      transform(part, controller) {
        controller.enqueue(part.subarray(0, left));
        left -= part.length;
        if (left <= 0) controller.terminate();
      },
    }),
  );
}
