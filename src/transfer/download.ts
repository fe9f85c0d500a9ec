/**
 * One file from several providers: keeps them at work until every chunk is there, verified.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { PlasmdError, toPlasmdError } from "../lib/errors.ts";
import { claim, hasUnclaimed, release, type Run, shadow, split } from "./chunk.ts";
import { nextStep, type Scene, type Step } from "./direct.ts";
import {
  chunkRange,
  type LaneBuffers,
  type LaneShare,
  makeBuffers,
  orStopped,
  streamRun,
} from "./lane.ts";
import type { TransferLimits } from "./limits.ts";
import type { Member, Pool } from "./pool.ts";
import { isPassing } from "./retry.ts";
import { makeSpeedWatch, type SpeedWatch } from "./speed.ts";

/** What a download works with. */
export interface Download extends Omit<LaneShare, "clock" | "readBytes"> {
  readonly pool: Pool;
  readonly limits: TransferLimits;
  /** Whether the rate is limited by us. */
  readonly heldBack: boolean;
  readonly signal: AbortSignal;
}

/** A provider at work. */
interface Lane {
  readonly member: Member;
  readonly watch: SpeedWatch;
  readonly stop: AbortController;
  hedged: boolean;
}

/** The state of one download. */
interface Work {
  readonly download: Download;
  readonly share: LaneShare;
  readonly lanes: Map<number, Lane>;
  /** Buffers that no lane uses now. */
  readonly buffers: LaneBuffers[];
  readonly startedAt: number;
  readonly leftAtStart: number;
  /** An error that no other provider can mend. */
  fatal?: PlasmdError;
  /** Ends the pause until the next look. */
  wake: () => void;
}

/**
 * Fetches every chunk that the plan misses.
 *
 * @throws {PlasmdError} `transfer` where no provider is left, with what each did; the errors of the
 * file; the signal's reason
 */
export async function download(download: Download, deps: Deps): Promise<void> {
  const { clock } = deps;
  const work: Work = {
    download,
    share: { ...download, clock, readBytes: download.limits.readBytes },
    lanes: new Map(),
    buffers: [],
    startedAt: clock.steady(),
    leftAtStart: download.plan.left,
    wake: () => {},
  };
  const running = new Set<Promise<void>>();
  try {
    while (download.plan.left > 0) {
      download.signal.throwIfAborted();
      if (work.fatal) throw work.fatal;
      const step = nextStep(sceneOf(work, clock.steady()), download.limits);
      if (step !== undefined && perform(step, work, deps, running)) continue;
      if (download.pool.alive().length === 0) throw nobodyLeft(work);
      await pause(work, deps);
    }
  } finally {
    for (const lane of work.lanes.values()) lane.stop.abort(stopped());
    await Promise.all(running);
  }
  if (work.fatal) throw work.fatal;
}

/** Does a step; false where it turned out that there is nothing to do. */
function perform(step: Step, work: Work, deps: Deps, running: Set<Promise<void>>): boolean {
  if (step.do === "replace") {
    replace(step.silent, work);
    return true;
  }
  const { plan } = work.download;
  const { member } = step;
  const run = step.do === "claim"
    ? claim(plan, member.lane)
    : step.do === "split"
    ? split(plan, member.lane)
    : shadow(plan, member.lane, step.silent.lane);
  if (step.do === "shadow") work.lanes.get(step.silent.lane)!.hedged = true;
  if (run === undefined) return false;
  const promise = runLane(member, run, work, deps).finally(() => {
    running.delete(promise);
    work.wake();
  });
  running.add(promise);
  return true;
}

/** Ends a lane that is too slow. With others alive its provider is dropped, alone it is retried. */
function replace(member: Member, { download, lanes }: Work): void {
  const { slowBytesPerSecond, slowWindowMs } = download.limits;
  const least = `${slowBytesPerSecond / 1024} KiB/s over ${slowWindowMs / 1000} s`;
  const said = `fell silent or sent less than ${least}`;
  const others = download.pool.alive().length > 1;
  lanes.get(member.lane)!.stop.abort(new PlasmdError(others ? "bad_source" : "unreachable", said));
  lanes.delete(member.lane);
}

async function runLane(member: Member, run: Run, work: Work, deps: Deps): Promise<void> {
  const { download, share, lanes } = work;
  const { wanted, limits, plan } = download;
  const watch = makeSpeedWatch(limits);
  const lane: Lane = { member, watch, stop: new AbortController(), hedged: false };
  const signal = AbortSignal.any([download.signal, lane.stop.signal]);
  const buffers = work.buffers.pop() ?? makeBuffers(wanted);
  lanes.set(member.lane, lane);
  watch.wait(deps.clock.steady());
  try {
    const start = chunkRange(wanted, run.at).start;
    const end = chunkRange(wanted, run.end - 1).end;
    const opening = member.origin.open(wanted, start, end, { signal });
    // One that opens too late is closed at once.
    opening.then((late) => signal.aborted && late[Symbol.dispose](), () => {});
    using stream = await orStopped(opening, signal);
    if (stream.start !== start) member.wholeOnly = true;
    await streamRun(stream, share, { lane: member.lane, run, watch, buffers, signal });
  } catch (thrown) {
    settle(member, toPlasmdError(thrown), work);
  } finally {
    if (lanes.get(member.lane) === lane) lanes.delete(member.lane);
    // A read that goes on after a stop may still write into them: they are nobody's again.
    if (!signal.aborted) work.buffers.push(buffers);
    release(plan, member.lane);
  }
}

/** Whose error it is: the provider's, ours, or nobody's because the lane was told to stop. */
function settle(member: Member, error: PlasmdError, work: Work): void {
  if (error.code === "cancelled") return;
  const peers = isPassing(error) || error.code === "bad_source";
  if (peers) work.download.pool.failed(member, error);
  else work.fatal ??= error;
}

function sceneOf(work: Work, now: number): Scene {
  const { download, lanes } = work;
  const { plan, pool } = download;
  const busy = [...lanes.values()].map(({ member, watch, hedged }) => ({
    member,
    hedged,
    silentMs: watch.silentMs(now),
    tooSlow: watch.tooSlow(now),
  }));
  const ageMs = now - work.startedAt;
  const fetched = work.leftAtStart - plan.left;
  return {
    busy,
    idle: pool.ready(now).filter(({ lane }) => !plan.runs.has(lane)),
    unclaimed: hasUnclaimed(plan),
    ageMs,
    restMs: fetched === 0 ? Infinity : plan.left * ageMs / fetched,
    heldBack: download.heldBack,
  };
}

/** Waits until a lane ends or it is time to look again. */
async function pause(work: Work, { clock }: Deps): Promise<void> {
  const over = new AbortController();
  work.wake = () => over.abort();
  const stop = AbortSignal.any([over.signal, work.download.signal]);
  await clock.sleep(work.download.limits.tickMs, { signal: stop }).catch(() => {});
}

function stopped(): PlasmdError {
  return new PlasmdError("cancelled", "Another provider was quicker");
}

function nobodyLeft({ download }: Work): PlasmdError {
  const lines = download.pool.members.map(({ origin, dropped }) =>
    `  ${origin.name}: ${dropped?.message ?? "was not asked"}`
  );
  return new PlasmdError(
    "transfer",
    `Cannot fetch "${download.wanted.name}": no provider is left\n${lines.join("\n")}`,
    { hint: "what was fetched so far is kept; run the same command again to go on" },
  );
}
