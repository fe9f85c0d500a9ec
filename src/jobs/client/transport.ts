/**
 * How a submitter talks to a worker. Nothing that a worker says is proved but by its receipt.
 *
 * @module
 */

import type { JobStatus, StreamName } from "../service/types.ts";

/** What every call takes. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

/** A way to one worker. */
export interface JobTransport {
  /** Hands a signed job in; the same job again answers with the same status. */
  submit(spec: Uint8Array, options: CallOptions): Promise<JobStatus>;
  /** Sends a blob that the job misses. */
  put(digest: string, bytes: Uint8Array, options: CallOptions): Promise<void>;
  /** The status, once the job has ended or the seconds are over. */
  status(id: string, waitSeconds: number, options: CallOptions): Promise<JobStatus>;
  /** The output so far, refused where it is larger than `max`. */
  output(
    id: string,
    stream: StreamName,
    options: CallOptions & { readonly max: number },
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** The signed receipt's bytes, unverified. */
  receipt(id: string, options: CallOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** Hands a signed cancel in. */
  cancel(order: Uint8Array, id: string, options: CallOptions): Promise<JobStatus>;
}
