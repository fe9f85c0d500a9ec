/**
 * Who waits for a job to change.
 *
 * @module
 */

/** Tells listeners that something about a job is new. */
export interface Notices {
  /** Wakes all who wait for the job. */
  tell(id: string): void;
  /**
   * Resolves at the next change of the job, or when the signal aborts. Call it in the same turn in
   * which the job was looked at, so that no change between goes unseen.
   */
  next(id: string, signal: AbortSignal): Promise<void>;
  /** Whether nobody waits any more. */
  readonly closed: boolean;
  /** Wakes everybody; nobody waits from now on. */
  close(): void;
}

/** Nobody waits yet. */
export function makeNotices(): Notices {
  const waiting = new Map<string, Set<() => void>>();
  let closed = false;
  const tell = (id: string) => {
    for (const wake of waiting.get(id) ?? []) wake();
  };
  return {
    get closed() {
      return closed;
    },
    tell,
    next(id, signal) {
      if (closed || signal.aborted) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      const all = waiting.get(id) ?? new Set();
      waiting.set(id, all);
      const wake = () => {
        all.delete(wake);
        if (all.size === 0 && waiting.get(id) === all) waiting.delete(id);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      all.add(wake);
      signal.addEventListener("abort", wake, { once: true });
      return promise;
    },
    close() {
      closed = true;
      for (const id of [...waiting.keys()]) tell(id);
    },
  };
}
