/**
 * What the routes of jobs answer from, and what they may use up.
 *
 * @module
 */

import type { JobService, WorkerLimits } from "../../jobs/service/types.ts";
import type { Clock } from "../../lib/clock.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobHttpLimits as limits } from "../../lib/limits.ts";
import { makeRate, type Rate } from "../../lib/rate.ts";
import { addressKey } from "../connections.ts";

import { makeShares, type Shares } from "./shares.ts";

/** A node that runs jobs, in the members of its JSON. */
export interface WorkerReport {
  readonly peer_id: string;
  readonly keyid: string;
  /** `http://address:port`, at which it was reached. */
  readonly origins: readonly string[];
  readonly arch: string;
  readonly runtimes: readonly string[];
  /** 0 idle to 100 full. */
  readonly load: number;
}

/** Which workers are wanted; what is missing doesn't matter. */
export interface WorkerQuery {
  readonly arch?: string;
  readonly runtime?: string;
}

/** What the daemon has of jobs. */
export interface JobParts {
  /** The service, once it is open; undefined where jobs are off. */
  service(): JobService | undefined;
  /** This node as a worker, but for its origins; undefined where jobs are off. */
  self?(): Omit<WorkerReport, "origins"> | undefined;
  /** Searches the network. */
  find?(query: WorkerQuery, signal: AbortSignal): Promise<readonly WorkerReport[]>;
}

/** Jobs as the routes see them. */
export interface Jobs extends Required<Pick<JobParts, "self" | "find">> {
  /**
   * The service.
   *
   * @throws {PlasmdError} `not_found` where jobs are off
   */
  service(): JobService;
  readonly writes: Rate;
  readonly waits: Shares;
  readonly streams: Shares;
  /** Searches that were made or are being made, by what was asked. */
  readonly searches: Map<string, Search>;
}

/** A search whose answer is kept for a moment. */
export interface Search {
  readonly until: number;
  readonly found: Promise<readonly WorkerReport[]>;
}

/** Makes the site of a server; without parts jobs are off. */
export function makeJobs(parts: JobParts | undefined, clock: Clock): Jobs {
  return {
    service() {
      const service = parts?.service();
      if (service === undefined) throw new PlasmdError("not_found", "No jobs are run here");
      return service;
    },
    self: () => parts?.self?.(),
    find: (query, signal) => parts?.find?.(query, signal) ?? Promise.resolve([]),
    writes: makeRate({
      perSecond: limits.writesPerSecond,
      atOnce: limits.writesAtOnce,
      keys: limits.addresses,
    }, clock),
    waits: makeShares({ all: limits.waits, perKey: limits.waitsPerAddress }),
    streams: makeShares({ all: limits.streams, perKey: limits.streamsPerAddress }),
    searches: new Map(),
  };
}

/**
 * Counts a request that writes.
 *
 * @throws {PlasmdError} `too_many` above the rate of its address
 */
export function countWrite({ writes }: Jobs, address: string): void {
  if (writes.take(addressKey(address))) return;
  throw new PlasmdError("too_many", "Too many requests come from this address");
}

/** What a worker gives a job at most, in the members of JSON. */
export interface LimitsReport {
  readonly wall_ms: number;
  readonly memory_bytes: number;
  /** Of stdout and stderr together. */
  readonly output_bytes: number;
}

/** Tells limits. */
export function limitsReport({ wallMs, memoryBytes, outputBytes }: WorkerLimits): LimitsReport {
  return { wall_ms: wallMs, memory_bytes: memoryBytes, output_bytes: outputBytes };
}
