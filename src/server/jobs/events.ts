/**
 * `/v1/jobs/{job}/events`: what happens to a job while it does, as server-sent events.
 *
 * @module
 */

import type { JobEvent, OutputPosition } from "../../jobs/service/types.ts";
import type { Clock } from "../../lib/clock.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobHttpLimits } from "../../lib/limits.ts";
import { addressKey } from "../connections.ts";
import { commonHeaders } from "../reply.ts";
import type { Handler } from "../routes.ts";
import { answering, jobId, noSuchJob } from "./answer.ts";

/** Answers with the events from `Last-Event-ID` on; the last one is the job's end. */
export const getEvents: Handler = answering((request, { jobs, clock, ending }) => {
  const service = jobs.service();
  const id = jobId(request);
  if (service.status(id) === undefined) throw noSuchJob();
  const from = readPosition(request.headers["last-event-id"]);
  const place = jobs.streams.take(addressKey(request.address));
  if (place === undefined) throw new PlasmdError("too_many", "Too many streams are open");
  request.hold(place);
  const signal = AbortSignal.any([request.gone(), ending]);
  return {
    status: 200,
    headers: {
      ...commonHeaders,
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    },
    // Nothing is followed before the first read, and with HEAD there is none.
    body: eventStream((stop) => service.events(id, { from, signal: stop }), signal, clock),
  };
});

/**
 * Where a listener is: bytes of stdout and of stderr.
 *
 * @throws {PlasmdError} `bad_request` for another text
 */
export function readPosition(text: string | undefined): OutputPosition | undefined {
  if (text === undefined || text === "") return undefined;
  const [, stdout, stderr] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? [];
  if (stdout === undefined || stderr === undefined) {
    throw new PlasmdError("bad_request", "Last-Event-ID is none of ours");
  }
  return { stdout: Number(stdout), stderr: Number(stderr) };
}

/** Events as text, with a sign of life where nothing happens; ends with the signal. */
export function eventStream(
  follow: (signal: AbortSignal) => AsyncIterable<JobEvent>,
  signal: AbortSignal,
  clock: Clock,
): ReadableStream<Uint8Array> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let events: AsyncIterator<JobEvent> | undefined;
  let coming: Promise<IteratorResult<JobEvent>> | undefined;
  return new ReadableStream({
    async pull(controller) {
      events ??= follow(either)[Symbol.asyncIterator]();
      coming ??= events.next();
      const step = await orQuiet(coming, either, clock);
      if (step === undefined) return controller.enqueue(utf8.encode(": alive\n\n"));
      coming = undefined;
      if (step.done) return controller.close();
      controller.enqueue(utf8.encode(eventText(step.value)));
    },
    cancel: () => stop.abort(),
  }, { highWaterMark: 0 });
}

/** What comes, or undefined after the time in which nothing did. */
async function orQuiet<T>(
  coming: Promise<T>,
  signal: AbortSignal,
  clock: Clock,
): Promise<T | undefined> {
  const came = new AbortController();
  const quiet = clock.sleep(jobHttpLimits.heartbeatMs, {
    signal: AbortSignal.any([signal, came.signal]),
  }).then(() => undefined, () => coming);
  try {
    return await Promise.race([coming, quiet]);
  } finally {
    came.abort();
  }
}

/** One event in the format of the HTML standard, 9.2.6. Its data holds no line end. */
export function eventText(event: JobEvent): string {
  const data = event.type === "state"
    ? event.status
    : { offset: event.offset, data: event.bytes.toBase64() };
  const { stdout, stderr } = event.at;
  return `event: ${event.type}\nid: ${stdout}-${stderr}\ndata: ${JSON.stringify(data)}\n\n`;
}

const utf8 = new TextEncoder();
