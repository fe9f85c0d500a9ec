/**
 * One question and one answer over a stream: framed, bounded and timed on both ends.
 *
 * @module
 */

import type { Connection, Stream } from "@libp2p/interface";
import { lpStream } from "@libp2p/utils";
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
  { maxBytes, answer }: Service,
  { clock, log }: Deps,
): (stream: Stream, connection: Connection) => Promise<void> {
  let running = 0;
  return async (stream, { remotePeer }) => {
    if (running >= p2pLimits.protocolStreamsInAll) return stream.abort(new Error("busy"));
    running++;
    try {
      const signal = AbortSignal.timeout(p2pLimits.exchangeMs);
      const framed = lpStream(stream, framing(maxBytes));
      const question = (await framed.read({ signal })).slice();
      const bytes = answer(question, remotePeer.toString());
      if (bytes === undefined) return stream.abort(new Error("nothing to say"));
      await framed.write(bytes, { signal });
      await stream.close({ signal });
      await clock.sleep(p2pLimits.lingerMs);
    } catch (thrown) {
      log.debug("A question was not answered", { peer: remotePeer.toString(), reason: thrown });
    } finally {
      running--;
      // Without this a peer that never closes keeps the stream, and its place, for ever.
      if (stream.status === "open" || stream.status === "closing") stream.abort(new Error("late"));
    }
  };
}

function framing(maxBytes: number) {
  // Room for the length beside the message; what comes on top is not taken.
  return { maxDataLength: maxBytes, maxLengthLength: 4, maxBufferSize: 2 * maxBytes + 1024 };
}
