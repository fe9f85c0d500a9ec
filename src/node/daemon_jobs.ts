/**
 * Jobs for others, as the daemon holds them: the service, and what the server and the network are
 * told of it.
 *
 * @module
 */

import type { Identity } from "../identity/key_file.ts";
import { ownRuntimes } from "../jobs/runtimes.ts";
import { openJobService } from "../jobs/service/service.ts";
import type { JobService, RunJob } from "../jobs/service/types.ts";
import type { Deps } from "../lib/deps.ts";
import { PlasmdError } from "../lib/errors.ts";
import { jobsReport, type JobsStatusReport } from "../server/jobs_report.ts";
import type { JobParts } from "../server/jobs/site.ts";
import type { DaemonNetwork } from "./network.ts";
import type { DaemonOptions } from "./protocol.ts";

/** The service, once it is open. */
export interface HeldJobs {
  jobs?: JobService;
  network?: DaemonNetwork;
}

/** What this machine is, in the names of manifests. */
export function ownArch(): string {
  return Deno.build.arch === "aarch64" ? "arm64" : "x86_64";
}

/** What the routes of jobs answer from; it follows what is held. */
export function jobParts(held: HeldJobs, identity: Pick<Identity, "keyid" | "peerId">): JobParts {
  return {
    service: () => held.jobs,
    self: () =>
      held.jobs && {
        peer_id: identity.peerId,
        keyid: identity.keyid,
        arch: ownArch(),
        runtimes: ownRuntimes,
        load: held.jobs.report().load,
      },
    async find(query, signal) {
      const found = await held.network?.workers(query, signal) ?? [];
      return found.map(({ peer, keyid, origin, arch, runtimes, load }) => ({
        peer_id: peer,
        keyid,
        origins: [origin],
        arch,
        runtimes,
        load,
      }));
    },
  };
}

/** The part `jobs` of `/status`; absent where jobs are off. */
export function jobsStatus({ jobs }: HeldJobs): JobsStatusReport | undefined {
  return jobs && jobsReport(jobs.report(), { arch: ownArch(), runtimes: ownRuntimes });
}

/**
 * Opens the service where jobs are on.
 *
 * @throws {PlasmdError} `config` where its state can't be kept, and as the service says
 */
export async function openJobs(
  { jobs, stateDir, stateWritable }: DaemonOptions,
  identity: Pick<Identity, "seed" | "keyid">,
  run: RunJob | undefined,
  deps: Deps,
): Promise<JobService | undefined> {
  if (jobs === undefined) return undefined;
  if (run === undefined) {
    deps.log.warn("Jobs are on, and there is nothing here that runs them");
    return undefined;
  }
  if (!stateWritable) {
    throw new PlasmdError("config", "Jobs need a state directory that can be written", {
      hint: "name one with --state-dir, or leave --jobs out",
    });
  }
  return await openJobService({ ...jobs, stateDir, identity, run }, {
    ...deps,
    log: deps.log.child("jobs"),
  });
}
