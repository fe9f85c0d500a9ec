/**
 * Whose turn it is: jobs in a row for each submitter, and the submitters one after another. Pure.
 *
 * @module
 */

/** A job in the queue. */
export interface QueuedJob {
  readonly submitter: string;
  readonly id: string;
}

/** Jobs that wait for their turn. */
export interface FairQueue {
  /** Jobs in all. */
  readonly size: number;
  /** Jobs of one submitter. */
  sizeOf(submitter: string): number;
  /** Adds a job behind its submitter's others, or before them where it had its turn already. */
  add(job: QueuedJob, options?: { readonly first?: boolean }): void;
  /** Takes a job out; false where it isn't there. */
  remove(job: QueuedJob): boolean;
  /**
   * Takes out the next one: that of the submitter with the fewest jobs running, and of those the
   * one whose last turn is longest ago.
   */
  take(running: (submitter: string) => number): QueuedJob | undefined;
  /** How many have their turn before it if nobody comes and each takes as long. */
  position(job: QueuedJob): number | undefined;
}

/** An empty queue. */
export function makeQueue(): FairQueue {
  const rows = new Map<string, string[]>();
  // Kept while a submitter has no jobs: who sends them one by one has no more turns than others.
  const lastTurns = new Map<string, number>();
  let turn = 0;
  let size = 0;
  const lastTurn = (submitter: string) => lastTurns.get(submitter) ?? 0;
  const drop = (submitter: string, row: readonly string[]) => {
    if (row.length === 0) rows.delete(submitter);
    size--;
  };
  return {
    get size() {
      return size;
    },
    sizeOf: (submitter) => rows.get(submitter)?.length ?? 0,
    add({ submitter, id }, { first = false } = {}) {
      const row = rows.get(submitter) ?? [];
      if (first) row.unshift(id);
      else row.push(id);
      rows.set(submitter, row);
      size++;
    },
    remove({ submitter, id }) {
      const row = rows.get(submitter);
      const at = row?.indexOf(id) ?? -1;
      if (at === -1) return false;
      row!.splice(at, 1);
      drop(submitter, row!);
      return true;
    },
    take(running) {
      const [submitter] = [...rows.keys()].sort((a, b) =>
        running(a) - running(b) || lastTurn(a) - lastTurn(b)
      );
      if (submitter === undefined) return undefined;
      const row = rows.get(submitter)!;
      const id = row.shift()!;
      lastTurns.set(submitter, ++turn);
      drop(submitter, row);
      return { submitter, id };
    },
    position({ submitter, id }) {
      const own = rows.get(submitter)?.indexOf(id) ?? -1;
      if (own === -1) return undefined;
      let before = own;
      let first = true; // of two that had no turn yet, the one who came first
      for (const [other, row] of rows) {
        if (other === submitter) first = false;
        else {
          const ahead = lastTurn(other) - lastTurn(submitter) || (first ? -1 : 1);
          before += Math.min(row.length, ahead < 0 ? own + 1 : own);
        }
      }
      return before;
    },
  };
}
