/**
 * A relay that passes bytes on late, so that a benchmark has links of a length where the system
 * can't make any.
 *
 * @module
 */

/** A relay. Disposing it closes its connections. */
export interface DelayRelay extends AsyncDisposable {
  readonly port: number;
  /** Says where to; connections that come before are closed. */
  aim(port: number): void;
}

/** Listens on the host; what comes in is passed to 127.0.0.1, each way so many milliseconds late. */
export function delayRelay(hostname: string, ms: number): DelayRelay {
  const listener = Deno.listen({ hostname, port: 0 });
  const open = new Set<Deno.TcpConn>();
  let target: number | undefined;
  const take = async (from: Deno.TcpConn) => {
    open.add(from);
    try {
      if (target === undefined) return;
      const to = await Deno.connect({ hostname: "127.0.0.1", port: target });
      open.add(to);
      await Promise.all([passOn(from, to, ms), passOn(to, from, ms)]);
      close(open, to);
    } catch {
      // One side is gone: so is the other.
    } finally {
      close(open, from);
    }
  };
  const accepting = (async () => {
    for await (const connection of listener) void take(connection);
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    aim: (port) => void (target = port),
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const one of open) close(open, one);
      await accepting.catch(() => {});
    },
  };
}

/** Each part leaves so long after it came, in order; the sender isn't slowed. */
async function passOn(from: Deno.TcpConn, to: Deno.TcpConn, ms: number): Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let broken = false;
  const later = (send: () => Promise<unknown>) => {
    const due = new Promise<void>((resolve) => setTimeout(resolve, ms));
    last = Promise.all([last, due]).then(send).then(() => {}, () => void (broken = true));
  };
  for await (const part of from.readable) {
    if (broken) break;
    later(() => writeAll(to, part));
  }
  later(() => to.closeWrite());
  await last;
}

async function writeAll(to: Deno.TcpConn, part: Uint8Array): Promise<void> {
  for (let at = 0; at < part.length;) at += await to.write(part.subarray(at));
}

function close(open: Set<Deno.TcpConn>, one: Deno.TcpConn): void {
  if (!open.delete(one)) return;
  try {
    one.close();
  } catch {
    // It has been closed by its stream.
  }
}
