/**
 * Which provider fetches which chunks: pure planning, no input or output. A provider streams one
 * run of chunks at a time, as long a run as there is; another one that joins takes the far half of
 * the longest run, or the whole run of a provider that fell silent. DESIGN 8.
 *
 * @module
 */

/** Chunks that one provider streams: `at` is the one it is at, `end` is beyond its last one. */
export interface Run {
  at: number;
  end: number;
}

/** What is there, and who fetches the rest. */
export interface Plan {
  /** 1 for each chunk that is there, verified. */
  readonly done: Uint8Array;
  /** Chunks that aren't. */
  left: number;
  /** Runs in progress, by the lane that streams them. */
  readonly runs: Map<number, Run>;
}

/** A plan for `count` chunks, of which some are there. */
export function createPlan(count: number, there: Iterable<number> = []): Plan {
  const plan: Plan = { done: new Uint8Array(count), left: count, runs: new Map() };
  for (const index of there) markDone(plan, index);
  return plan;
}

/** Whether there are chunks that are missing and in nobody's run. */
export function hasUnclaimed(plan: Plan): boolean {
  return firstFree(plan) < plan.done.length;
}

/** Gives the lane the first chunks that are missing and nobody's. Undefined where there are none. */
export function claim(plan: Plan, lane: number): Run | undefined {
  const at = firstFree(plan);
  if (at === plan.done.length) return undefined;
  let end = at + 1;
  while (end < plan.done.length && isFree(plan, end)) end++;
  return give(plan, lane, at, end);
}

/**
 * Gives the lane the far half of the longest run of another one. The chunk that is being read stays
 * where it is. Undefined where no run is long enough.
 */
export function split(plan: Plan, lane: number): Run | undefined {
  const [, longest] = [...plan.runs]
    .filter(([owner, run]) => owner !== lane && run.end - run.at >= 2)
    .sort(([, a], [, b]) => (b.end - b.at) - (a.end - a.at))[0] ?? [];
  if (longest === undefined) return undefined;
  const middle = longest.at + Math.ceil((longest.end - longest.at) / 2);
  const end = longest.end;
  longest.end = middle;
  return give(plan, lane, middle, end);
}

/**
 * Gives the lane all of another lane's run. That one keeps only the chunk that it is at, so that
 * this chunk is asked of both: who is first, wins.
 */
export function shadow(plan: Plan, lane: number, silent: number): Run | undefined {
  const run = plan.runs.get(silent);
  if (run === undefined || run.at >= run.end) return undefined;
  const end = run.end;
  run.end = run.at + 1;
  return give(plan, lane, run.at, end);
}

/**
 * Notes that the lane has verified and kept the chunk that it was at, and moves it on. Its run ends
 * early where the next chunk is there already. Returns whether the chunk was missing until now.
 */
export function finish(plan: Plan, lane: number): boolean {
  const run = plan.runs.get(lane);
  if (run === undefined) return false;
  const fresh = markDone(plan, run.at);
  run.at++;
  if (plan.done[run.at] === 1) run.end = Math.min(run.end, run.at);
  return fresh;
}

/** Takes the lane's run from it; what it didn't finish is nobody's again. */
export function release(plan: Plan, lane: number): void {
  plan.runs.delete(lane);
}

/** How many chunks are there without a gap, from the first. */
export function prefix(plan: Pick<Plan, "done">, from = 0): number {
  let index = from;
  while (plan.done[index] === 1) index++;
  return index;
}

function markDone(plan: Plan, index: number): boolean {
  if (plan.done[index] !== 0) return false;
  plan.done[index] = 1;
  plan.left--;
  return true;
}

function firstFree(plan: Plan): number {
  let index = 0;
  while (index < plan.done.length && !isFree(plan, index)) index++;
  return index;
}

function isFree(plan: Plan, index: number): boolean {
  if (plan.done[index] !== 0) return false;
  for (const run of plan.runs.values()) if (run.at <= index && index < run.end) return false;
  return true;
}

function give(plan: Plan, lane: number, at: number, end: number): Run {
  const run = { at, end };
  plan.runs.set(lane, run);
  return run;
}
