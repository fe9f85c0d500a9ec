/**
 * One question and one answer over a stream: framed, bounded and timed on both ends.
 *
 * @module
 */

import type { Connection, Stream } from "@libp2p/interface";
import { lpStream } from "@libp2p/utils";
import type { Clock } from "../lib/clock.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { p2pLimits } from "../lib/limits.ts";
import { readAddress } from "./address.ts";
import type { Answer, AskOptions, Service } from "./options.ts";

/** Asks the peer at the other end of a connection. The stream is gone afterwards, in any case. */
export async function askOver(
  connection: Connection,
  { protocol, question, maxBytes, signal }: AskOptions,
  { clock }: Deps,
): Promise<Answer> {
  const address = readAddress(connection.remoteAddr);
  if (address === undefined) throw new PlasmdError("unreachable", "is not reached directly");
  const start = clock.steady();
  const stream = await connection.newStream(protocol, { signal });
  try {
    const framed = lpStream(stream, framing(maxBytes));
    await framed.write(question, { signal });
    await stream.close({ signal });
    const bytes = (await framed.read({ signal })).slice() as Uint8Array<ArrayBuffer>;
    return { bytes, host: address.host, latencyMs: clock.steady() - start };
  } finally {
    // It may go on sending for ever; we have what we asked for.
    stream.abort(new Error("done"));
  }
}

/** Serves questions; a peer that is slow, or that never closes, loses its stream. */
export function makeHandler(
  { maxBytes, streams = p2pLimits.protocolStreamsInAll, answer }: Service,
  { clock, log }: Deps,
): (stream: Stream, connection: Connection) => Promise<void> {
  let running = 0;
  const ofOne = new WeakMap<Connection, number>();
  return async (stream, connection) => {
    const { remotePeer } = connection;
    const count = (change: number) => {
      running += change;
      ofOne.set(connection, (ofOne.get(connection) ?? 0) + change);
    };
    const full = (ofOne.get(connection) ?? 0) >= p2pLimits.protocolStreams;
    if (full || running >= streams) return stream.abort(new Error("busy"));
    count(1);
    try {
      const signal = AbortSignal.timeout(p2pLimits.exchangeMs);
      const framed = lpStream(stream, framing(maxBytes));
      const question = (await framed.read({ signal })).slice();
      const bytes = await answer(question, remotePeer.toString());
      if (bytes === undefined) return stream.abort(new Error("nothing to say"));
      await framed.write(bytes, { signal });
      await stream.close({ signal });
      await untilGone(stream, clock);
    } catch (thrown) {
      log.debug("A question was not answered", { peer: remotePeer.toString(), reason: thrown });
    } finally {
      count(-1);
      // Without this a peer that never closes keeps the stream, and its place, for ever.
      if (stream.status === "open" || stream.status === "closing") stream.abort(new Error("late"));
    }
  };
}

/** Waits for the other side to close, for a while: a peer that does has its place again at once. */
async function untilGone(stream: Stream, clock: Clock): Promise<void> {
  if (stream.status !== "open" && stream.status !== "closing") return;
  const gone = new AbortController();
  stream.addEventListener("close", () => gone.abort(), { once: true });
  await clock.sleep(p2pLimits.lingerMs, { signal: gone.signal }).catch(() => {});
}

function framing(maxBytes: number) {
  // Room for the length beside the message; what comes on top is not taken.
  return { maxDataLength: maxBytes, maxLengthLength: 4, maxBufferSize: 2 * maxBytes + 1024 };
}
