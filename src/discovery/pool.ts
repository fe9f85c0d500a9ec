/**
 * Tasks of which only so many run at one time.
 *
 * @module
 */

/** Runs a task when there is room for it. */
export type Pool = (task: () => Promise<void>) => Promise<void>;

/** Makes a pool of so many places. */
export function makePool(size: number): Pool {
  let free = size;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
