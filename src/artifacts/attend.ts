/**
 * Takes a step whenever something in a directory changes, and by a timer because watchers miss
 * things.
 *
 * @module
 */

import type { Deps } from "../lib/deps.ts";
import { watchLimits } from "../lib/limits.ts";
import { openDirectoryWatch } from "./watch.ts";

/** What is done at each step. */
export interface Attended {
  /** Returns when to take the next one, in milliseconds. */
  step(): Promise<number>;
  /** The directories in which a change matters, after the last step. */
  directories(): readonly string[];
}

/** Takes steps until disposed. */
export function attend({ step, directories }: Attended, deps: Deps): AsyncDisposable {
  const { clock, log } = deps;
  let stopped = false;
  let rung = false;
  let wake = () => {};
  const ring = () => {
    rung = true;
    wake();
  };
  const watch = openDirectoryWatch(ring, deps);

  async function rest(ms: number): Promise<void> {
    const nap = new AbortController();
    wake = () => nap.abort();
    if (rung || stopped) wake();
    await clock.sleep(ms, { signal: nap.signal }).catch(() => {});
  }

  /** One step; whatever goes wrong with it, there is a next one. */
  async function take(): Promise<number> {
    try {
      const wait = await step();
      // What changed before it was watched would go unseen.
      return await watch.watch(directories()) ? watchLimits.debounceMs : wait;
    } catch (error) {
      log.error("Cannot follow the artifacts directory", { error });
      return watchLimits.rescanMs;
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const wait = await take();
      await rest(wait);
      if (!rung || stopped) continue;
      rung = false;
      // A copy changes a file thousands of times: one look for many of them.
      const changes = new AbortController();
      wake = () => stopped && changes.abort();
      await clock.sleep(watchLimits.debounceMs, { signal: changes.signal }).catch(() => {});
    }
  }

  const running = run();
  return {
    async [Symbol.asyncDispose]() {
      stopped = true;
      wake();
      await running;
      await watch[Symbol.asyncDispose]();
    },
  };
}
