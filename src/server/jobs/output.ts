/**
 * What a job wrote so far: `/v1/jobs/{job}/stdout` and `/stderr`.
 *
 * @module
 */

import type { StreamName } from "../../jobs/service/types.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { contentRange, parseRange } from "../range.ts";
import { commonHeaders } from "../reply.ts";
import type { Handler } from "../routes.ts";
import { problem } from "../errors.ts";
import { answering, jobId, noSuchJob } from "./answer.ts";

/** Answers with the bytes of a stream, or a range of them. */
export function outputOf(stream: StreamName): Handler {
  return answering((request, { jobs }) => {
    const output = jobs.service().output(jobId(request), stream);
    if (output === undefined) throw noSuchJob();
    const { size, state } = output;
    const headers = {
      ...commonHeaders,
      "Accept-Ranges": "bytes",
      "Cache-Control": "no-store",
      "X-Job-State": state,
    };
    // RFC 9110 14.2: Range has a meaning for GET only. There is no validator for If-Range to match.
    const counts = request.method === "GET" && request.headers["if-range"] === undefined;
    const range = parseRange(counts ? request.headers.range : undefined, size);
    if (range.kind === "unsatisfiable") {
      return problem(new PlasmdError("range", `Range is not satisfiable: size is ${size} bytes`), {
        headers: { ...headers, "Content-Range": `bytes */${size}` },
      });
    }
    const [start, end] = range.kind === "part" ? [range.start, range.end] : [0, size];
    const file = {
      async read(into: Uint8Array, at: number) {
        const bytes = await output.read(at, Math.min(at + into.length, end));
        into.set(bytes);
        return bytes.length;
      },
    };
    return {
      status: range.kind === "part" ? 206 : 200,
      headers: {
        ...headers,
        "Content-Type": "application/octet-stream",
        ...(range.kind === "part" ? { "Content-Range": contentRange(start, end, size) } : {}),
      },
      body: { file, start, end },
    };
  });
}
