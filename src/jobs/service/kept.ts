/**
 * Jobs that have ended: how many are kept, and which are forgotten. DESIGN 11: a result is kept at
 * least until its job expires, so that the same job never runs twice.
 *
 * @module
 */

import type { Deps } from "../../lib/deps.ts";
import { PlasmdError } from "../../lib/errors.ts";
import { jobServiceLimits as limits } from "../../lib/limits.ts";
import { removeOutput } from "./output.ts";
import type { JobStore, StoredJob } from "./store.ts";

/** Counts of one submitter, or of all. */
interface Count {
  jobs: number;
  bytes: number;
}

/** The results that are kept. */
export interface Kept {
  /** How many, and their output. */
  readonly all: Readonly<Count>;
  /** Counts one more. */
  add(submitter: string, bytes: number): void;
  /**
   * Makes room for one more result of a submitter.
   *
   * @throws {PlasmdError} `too_many` where none of the kept ones may go
   */
  makeRoom(submitter: string): Promise<void>;
  /** Forgets what is old, and what there is no room for. */
  sweep(): Promise<void>;
}

/** Counts what the store has. */
export function makeKept(
  store: Pick<JobStore, "kept" | "expired" | "aged" | "forget">,
  outputDirectory: string,
  { clock }: Pick<Deps, "clock">,
): Kept {
  const all: Count = { jobs: 0, bytes: 0 };
  const own = new Map<string, Count>();
  const add = (submitter: string, jobs: number, bytes: number) => {
    const count = own.get(submitter) ?? { jobs: 0, bytes: 0 };
    own.set(submitter, count);
    for (const each of [all, count]) {
      each.jobs += jobs;
      each.bytes += bytes;
    }
    if (count.jobs === 0) own.delete(submitter);
  };
  for (const { submitter, jobs, bytes } of store.kept()) add(submitter, jobs, bytes);

  const isFull = (submitter: string) => {
    const { jobs, bytes } = own.get(submitter) ?? { jobs: 0, bytes: 0 };
    return jobs >= limits.keptPerSubmitter || bytes >= limits.keptBytesPerSubmitter;
  };
  const areFull = () => all.jobs >= limits.kept || all.bytes >= limits.keptBytes;
  const forget = async (jobs: readonly StoredJob[]) => {
    store.forget(jobs.map(({ id }) => id));
    for (const { submitter, stdoutSize, stderrSize } of jobs) {
      add(submitter, -1, -stdoutSize - stderrSize);
    }
    for (const { id } of jobs) await removeOutput(outputDirectory, id);
  };
  const makeWay = async (most: number, submitter?: string) => {
    const full = submitter === undefined ? areFull() : isFull(submitter);
    if (!full) return;
    const expiredBy = clock.now() - limits.graceMs;
    await forget(store.expired({ submitter, expiredBy, most }));
  };
  return {
    all,
    add: (submitter, bytes) => add(submitter, 1, bytes),
    async makeRoom(submitter) {
      // Some at a time: the next one needs room, too.
      await makeWay(100, submitter);
      await makeWay(100);
      if (!isFull(submitter) && !areFull()) return;
      throw new PlasmdError("too_many", "Too many results are kept", {
        hint: "they are forgotten some time after their jobs expire: give jobs a shorter validity",
      });
    },
    async sweep() {
      // Longer than any job is valid: what is so old has expired.
      await forget(store.aged(clock.now() - limits.keptMs, limits.swept));
      for (const submitter of [...own.keys()]) await makeWay(limits.swept, submitter);
      await makeWay(limits.swept);
    },
  };
}
