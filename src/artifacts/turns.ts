/**
 * One thing after another, where two at once would undo each other.
 *
 * @module
 */

/** Runs work after all work that was given before has ended. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Starts with nothing to wait for. A failure is its caller's; the next work runs all the same. */
export function takeTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
}
